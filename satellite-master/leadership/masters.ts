/** Announces this master to the others in an ephemeral node, and reads what they announce. */
import type { Clock, Timer } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { type Log, OnceLog } from '../../shared/log.ts';
import type { StoreTimeMeasurement } from '../whitelist/store/index.ts';
import { ZooKeeperError, type ZooKeeperSession } from '../zookeeper/index.ts';
import { type MasterEntry, type MasterStates, masterEntryIn, statesOf } from './master-entry.ts';

export interface MastersOptions {
  /** undefined: this master is alone. */
  readonly session: ZooKeeperSession | undefined;
  /** `zookeeper-root`. */
  readonly root: string;
  /** This master as it is now. */
  readonly self: () => MasterStates;
  readonly hostsHeard: () => number;
  /** Called with the time at which ZooKeeper made a write of this master. */
  readonly onStoreTime: (measurement: StoreTimeMeasurement) => void;
  readonly clock: Clock;
  readonly log: Log;
}

const LOOK_INTERVAL_MS = 1_000;
const READ_INTERVAL_MS = 3_000;
/** The node is written at most this often. */
const MIN_WRITE_INTERVAL_MS = 10_000;
/** What is only a figure is brought up to date at this interval. */
const REFRESH_INTERVAL_MS = 60_000;
/** More than any cluster has: the rest is not read. */
const MAX_MASTERS = 64;
const MAX_NODE_BYTES = 16_384;

export class Masters {
  readonly #options: MastersOptions;
  readonly #folder: string;
  readonly #once: OnceLog;
  #others: readonly MasterEntry[] | undefined;
  #written: { readonly states: string; readonly atMs: number } | undefined;
  #readMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #working = false;
  #stopped = false;

  constructor(options: MastersOptions) {
    this.#options = options;
    this.#folder = `${options.root}/masters`;
    this.#once = new OnceLog(options.log, options.clock);
  }

  /** This master first. */
  all(): readonly (MasterEntry & { readonly self: boolean })[] {
    const self = { ...this.#options.self(), hostsHeard: this.#options.hostsHeard(), self: true };
    return [self, ...(this.others ?? []).map((other) => ({ ...other, self: false }))];
  }

  /** As the others announced themselves; undefined: they can't be seen at present. */
  get others(): readonly MasterEntry[] | undefined {
    const { session } = this.#options;
    if (!session) return [];
    return session.state.kind === 'connected' ? this.#others : undefined;
  }

  /** To be called before the session is started. */
  start(): void {
    const { session, clock } = this.#options;
    if (!session) return;
    session.onState((state) => {
      if (state.kind !== 'connected' || state.newSession) this.#forget();
      this.#look(session);
    });
    session.onWatch(({ path }) => {
      if (path !== this.#folder) return;
      this.#readMs = Number.NEGATIVE_INFINITY;
      this.#look(session);
    });
    this.#timer = clock.every(LOOK_INTERVAL_MS, () => this.#look(session));
    this.#look(session);
  }

  /** The node goes with the session. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #forget(): void {
    this.#others = undefined;
    this.#written = undefined;
    this.#readMs = Number.NEGATIVE_INFINITY;
  }

  #look(session: ZooKeeperSession): void {
    if (this.#working || this.#stopped || session.state.kind !== 'connected') return;
    this.#working = true;
    void this.#work(session)
      .then(() => this.#once.recovered('masters', 'the masters see each other again'))
      .catch((error: unknown) =>
        this.#once.warn('masters', 'the other masters can not be seen', { err: messageOf(error) }),
      )
      .finally(() => {
        this.#working = false;
      });
  }

  async #work(session: ZooKeeperSession): Promise<void> {
    const nowMs = this.#options.clock.monoMs();
    const states = this.#options.self();
    if (this.#isWriteDue(states, nowMs)) await this.#write(session, states, nowMs);
    if (nowMs - this.#readMs < READ_INTERVAL_MS) return;
    this.#readMs = nowMs;
    this.#others = await this.#read(session, states.id);
  }

  #isWriteDue(states: MasterStates, nowMs: number): boolean {
    if (!this.#written) return true;
    const ageMs = nowMs - this.#written.atMs;
    return ageMs >= (this.#written.states === statesOf(states) ? REFRESH_INTERVAL_MS : MIN_WRITE_INTERVAL_MS);
  }

  async #write(session: ZooKeeperSession, states: MasterStates, nowMs: number): Promise<void> {
    const path = `${this.#folder}/${states.id}`;
    const entry: MasterEntry = { ...states, hostsHeard: this.#options.hostsHeard() };
    const data = Buffer.from(JSON.stringify(entry), 'utf8');
    if (!this.#written) await session.ensurePath(this.#folder);
    const node = await session.exists(path);
    // The node of this master's last session stays until ZooKeeper ends it; the next look tries again.
    if (node && node.ephemeralOwner !== session.sessionId) return;
    const { clock, onStoreTime } = this.#options;
    const fromMs = clock.monoMs();
    try {
      if (node) await session.multi([{ op: 'set', path, version: node.version, data }]);
      else await session.create(path, data, { ephemeral: true });
      const toMs = clock.monoMs();
      this.#written = { states: statesOf(states), atMs: nowMs };
      const written = await session.exists(path);
      if (written) onStoreTime({ storeMs: written.mtimeMs, fromMs, toMs });
    } catch (error) {
      if (!(error instanceof ZooKeeperError && ['node-exists', 'no-node', 'bad-version'].includes(error.kind)))
        throw error;
    }
  }

  async #read(session: ZooKeeperSession, self: string): Promise<readonly MasterEntry[]> {
    const children = await session.getChildren(this.#folder, { watch: true });
    const names = (children?.names ?? []).filter((name) => name !== self).slice(0, MAX_MASTERS);
    const nodes = await Promise.all(names.map((name) => session.getData(`${this.#folder}/${name}`)));
    return nodes.flatMap((node) =>
      node && node.data.length <= MAX_NODE_BYTES ? (masterEntryIn(node.data.toString('utf8')) ?? []) : [],
    );
  }
}
