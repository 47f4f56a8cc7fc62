/**
 * Rule 24a: records that disappear from the store without having been deleted through Satellite are counted against a
 * baseline, also across a restart. Beyond the guard's share the file keeps its content.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileAtomically } from '../../../shared/atomic-file.ts';
import type { Clock, Timer } from '../../../shared/clock.ts';
import { messageOf } from '../../../shared/errors.ts';
import { type HostName, parseHostName } from '../../../shared/host-name.ts';
import { type Log, OnceLog } from '../../../shared/log.ts';
import { offLimit } from '../automation/index.ts';
import { type DeletionMark, deletionMarksIn, isDeletionOf } from '../record/index.ts';
import type { Replica, ReplicaChange, ReplicaEntry } from '../replica.ts';
import type { HoldInput, HoldReason, HoldSource } from './hold.ts';
import { InventoryBaseline, type StoredBaseline } from './inventory-baseline.ts';

export interface DisappearanceHoldOptions {
  /** The baseline is kept in its file `inventory-baseline.json`. */
  readonly dataDir: string;
  readonly replica: Replica;
  readonly clock: Clock;
  readonly log: Log;
}

/** The baseline changes with every new host. It is saved at once when records begin to disappear: a crash must not forget them. */
const SAVE_INTERVAL_MS = 1_000;

export class DisappearanceHold implements HoldSource {
  readonly #options: DisappearanceHoldOptions;
  readonly #path: string;
  readonly #once: OnceLog;
  #stored: StoredBaseline | undefined;
  /** Known once the store has been read whole. */
  #baseline: InventoryBaseline | undefined;
  /** The newest deletion of each host, as the automation node has it. */
  #deletions = { data: '', newest: new Map<HostName, DeletionMark>() };
  #isHeld = false;
  #timer: Timer | undefined;
  #reading: Promise<void> = Promise.resolve();
  #saving: Promise<void> = Promise.resolve();

  /** Subscribes to the replica. */
  constructor(options: DisappearanceHoldOptions) {
    this.#options = options;
    this.#path = join(options.dataDir, 'inventory-baseline.json');
    this.#once = new OnceLog(options.log, options.clock);
    options.replica.onChange((change) => this.#recordChanged(change));
  }

  /** Begins to read the baseline. */
  start(): void {
    this.#reading = this.#load().then((stored) => {
      this.#stored = stored;
    });
    this.#timer = this.#options.clock.every(SAVE_INTERVAL_MS, () => this.#tick());
  }

  ready(): Promise<void> {
    return this.#reading;
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    if (this.#baseline?.changed) this.#save(this.#baseline);
    await this.#saving;
  }

  hold({ replica, present, offShare }: HoldInput): HoldReason | undefined {
    if (!replica.complete) return undefined;
    this.#baseline ??= this.#begin(present);
    const { size, vanished } = this.#baseline;
    const limit = offLimit({ share: offShare, inventory: size });
    this.#isHeld = vanished.size > limit;
    if (!this.#isHeld) return undefined;
    const [first] = vanished;
    const which = `${vanished.size} of ${size} records disappeared from the store and nobody deleted them, such as ${first}`;
    return { rule: '24a', reason: `${which}; automation may take at most ${limit} hosts off` };
  }

  confirmed(): void {
    this.#renew();
  }

  /** What was there before and is not now, minus what was deleted meanwhile. */
  #begin(present: readonly string[]): InventoryBaseline {
    const { replica, clock } = this.#options;
    const lines = present.flatMap((line) => parseHostName(line) ?? []);
    const baseline = new InventoryBaseline(this.#stored ?? { renewedS: clock.wallMs() / 1000, hosts: lines });
    const deleted = new Set(deletionMarksIn(replica.automation.data).map(({ host }) => host));
    for (const host of this.#stored?.hosts ?? lines)
      if (!replica.get(host)) baseline.disappeared(host, deleted.has(host));
    for (const { host } of replica.entries()) baseline.appeared(host);
    if (baseline.changed || !this.#stored) this.#save(baseline);
    this.#stored = undefined;
    return baseline;
  }

  #recordChanged({ host, before, after }: ReplicaChange): void {
    if (!this.#baseline) return;
    if (after) this.#baseline.appeared(host);
    else {
      this.#baseline.disappeared(host, before !== undefined && this.#isExplained(before));
      if (this.#baseline.vanished.size > 0 && this.#baseline.changed) this.#save(this.#baseline);
    }
  }

  #isExplained(entry: ReplicaEntry): boolean {
    const { data } = this.#options.replica.automation;
    if (data !== this.#deletions.data)
      this.#deletions = { data, newest: new Map(deletionMarksIn(data).map((mark) => [mark.host, mark])) };
    const mark = this.#deletions.newest.get(entry.host);
    return mark !== undefined && isDeletionOf(mark, entry);
  }

  #renew(): void {
    const { replica, clock } = this.#options;
    if (!this.#baseline) return;
    this.#baseline.renew(
      Array.from(replica.entries(), ({ host }) => host),
      clock.wallMs() / 1000,
    );
    this.#isHeld = false;
    this.#save(this.#baseline);
  }

  #tick(): void {
    const baseline = this.#baseline;
    if (!baseline) return;
    const nowS = this.#options.clock.wallMs() / 1000;
    if (!this.#isHeld && this.#options.replica.state.kind === 'whole' && baseline.isOld(nowS)) this.#renew();
    else if (baseline.changed) this.#save(baseline);
  }

  #save(baseline: InventoryBaseline): void {
    const text = JSON.stringify(baseline.stored());
    this.#saving = this.#saving.then(async () => {
      try {
        await mkdir(dirname(this.#path), { recursive: true });
        await writeFileAtomically(this.#path, text);
        this.#once.recovered('save', 'the inventory baseline is saved again', { path: this.#path });
      } catch (error) {
        this.#once.warn('save', 'failed to save the inventory baseline', { path: this.#path, err: messageOf(error) });
      }
    });
  }

  async #load(): Promise<StoredBaseline | undefined> {
    try {
      return parseBaseline(await readFile(this.#path, 'utf8'));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      this.#options.log.error(
        { path: this.#path, err: error },
        'failed to read the inventory baseline; beginning with the whitelist file and the store',
      );
      return undefined;
    }
  }
}

/** @throws Error for what was not written by {@link DisappearanceHold} */
function parseBaseline(text: string): StoredBaseline {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || !('hosts' in value) || !('renewedS' in value))
    throw new Error('expected {renewedS, hosts}');
  const { hosts, renewedS } = value;
  if (!Array.isArray(hosts) || typeof renewedS !== 'number') throw new Error('expected {renewedS, hosts}');
  return {
    renewedS,
    hosts: (hosts as unknown[]).flatMap((name) => (typeof name === 'string' ? (parseHostName(name) ?? []) : [])),
  };
}
