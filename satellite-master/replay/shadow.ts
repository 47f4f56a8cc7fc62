/**
 * `shadow-streams`: a second rules module, live, on a stage beside the real master. It hears what the master hears, and
 * what it does is only written down: it never touches store, whitelist file, index or anybody's mail.
 */
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Event } from '../../shared/event.ts';
import type { HostName } from '../../shared/host-name.ts';
import { type Log, OnceLog } from '../../shared/log.ts';
import { byCodeUnit, cutToBytes } from '../../shared/text.ts';
import { loadRulesModule } from '../rules/module/index.ts';
import type { MesosWord } from '../whitelist/automation/index.ts';
import type { Replica, ReplicaChange } from '../whitelist/index.ts';
import type { Flag } from '../whitelist/record/index.ts';
import { type Judgement, Stage } from './stage.ts';
import { type StagedEffects, stagedRules } from './staged-rules.ts';

export interface ShadowOptions {
  /** `shadow-streams`. */
  readonly path: string;
  readonly judgement: Judgement;
  /** Names this master in alerts. */
  readonly self: string;
  /** Of the real master. */
  readonly replica: Replica;
  /** All live events of the real master. */
  readonly live: () => Iterable<Event>;
  readonly mesosWord: (host: HostName) => MesosWord;
  readonly clock: Clock;
  readonly log: Log;
}

/** A host whose flag on the merged list would be another; null: not in the inventory. */
export interface ShadowDifference {
  readonly host: HostName;
  readonly live: Flag | null;
  readonly shadow: Flag | null;
  readonly reason: string;
}

export interface ShadowEffect {
  /** Unix seconds. */
  readonly time: number;
  readonly kind: 'turn' | 'alert' | 'forward' | 'log' | 'fault';
  readonly host?: string;
  readonly from?: Flag | null;
  readonly to?: Flag | null;
  readonly reason: string;
}

/** As `GET /shadow` answers it. */
export interface ShadowReport {
  /** Unix seconds: since when this version of the module runs. */
  readonly since: number;
  readonly module: string;
  /** Why the module in the file does not run; null: it runs. */
  readonly fault: string | null;
  readonly differs: readonly ShadowDifference[];
  /** Newest first. */
  readonly effects: readonly ShadowEffect[];
}

const MOST_EFFECTS = 1_000;
const LONGEST_REASON_BYTES = 512;

export class Shadow {
  readonly #options: ShadowOptions;
  readonly #once: OnceLog;
  #stage: Stage | undefined;
  #sinceMs: number;
  #fault: string | undefined;
  /** Oldest first. */
  #effects: ShadowEffect[] = [];

  constructor(options: ShadowOptions) {
    this.#options = options;
    this.#once = new OnceLog(options.log, options.clock);
    this.#sinceMs = options.clock.wallMs();
    this.reload();
  }

  /** Loads the module anew; broken, it leaves what runs as it is: rules in the shadow stop no master. */
  reload(): void {
    const { path, log, clock } = this.#options;
    try {
      const effects: ShadowEffect[] = [];
      const stage = this.#set(effects);
      this.#stage?.close();
      this.#stage = stage;
      this.#effects = effects;
      this.#sinceMs = clock.wallMs();
      this.#fault = undefined;
      log.info({ module: path }, `${path} runs in the shadow`);
    } catch (error) {
      this.#fault = messageOf(error);
      log.error({ module: path }, `the rules in the shadow are broken, everything else goes on: ${this.#fault}`);
    }
  }

  take(events: readonly Event[], own: boolean): void {
    const stage = this.#stage;
    if (!stage) return;
    this.#guarded(() => {
      for (const event of events) stage.take(event, own);
    });
  }

  /** Follows the time; to be called several times a second. */
  tick(): void {
    this.#guarded(() => this.#stage?.tick());
  }

  /** A record of the real master. */
  changed(change: ReplicaChange): void {
    this.#guarded(() => this.#stage?.follow(change));
  }

  /** The real master's store is read whole. */
  becomeWhole(): void {
    this.#guarded(() => this.#stage?.becomeWhole());
  }

  close(): void {
    this.#stage?.close();
    this.#stage = undefined;
  }

  get differences(): number {
    return this.#differs().length;
  }

  report(): ShadowReport {
    const differs = this.#differs().sort((a, b) => byCodeUnit(a.host, b.host));
    return {
      since: this.#sinceMs / 1000,
      module: this.#options.path,
      fault: this.#fault ?? null,
      differs,
      effects: this.#effects.toReversed(),
    };
  }

  #differs(): ShadowDifference[] {
    const { replica } = this.#options;
    const stage = this.#stage;
    if (!stage || !replica.complete) return [];
    const differs: ShadowDifference[] = [];
    const compare = (host: HostName) => {
      const live = flagIn(replica, host);
      const shadow = flagIn(stage.replica, host);
      if (live !== shadow) differs.push({ host, live, shadow, reason: stage.reasonFor(host) });
    };
    for (const { host } of replica.entries()) compare(host);
    for (const { host } of stage.replica.entries()) if (!replica.get(host)) compare(host);
    return differs;
  }

  /** A stage as the real master is now. @throws RulesError */
  #set(effects: ShadowEffect[]): Stage {
    const { path, judgement, self, replica, live, mesosWord, clock } = this.#options;
    const keep = (effect: Omit<ShadowEffect, 'time' | 'reason'>, reason: string) => {
      effects.push({ time: clock.wallMs() / 1000, ...effect, reason: cutToBytes(reason, LONGEST_REASON_BYTES) });
      if (effects.length > 2 * MOST_EFFECTS) effects.splice(0, effects.length - MOST_EFFECTS);
    };
    const staged: StagedEffects = {
      alerted: ({ channel, state, summary, host }) =>
        keep({ kind: 'alert', ...(host === undefined ? {} : { host }) }, `${channel} ${state}: ${summary}`),
      forwarded: (address, events) => keep({ kind: 'forward' }, `${events.length} to ${address}`),
      logged: (message, item) => keep({ kind: 'log' }, `${message}: ${JSON.stringify(item) ?? String(item)}`),
      fault: (stream, error, place = path) => {
        const text = `${place}: ${stream} threw: ${messageOf(error)}`;
        this.#once.warn(`${place} ${stream}`, 'shadow rule failed', { err: text });
        keep({ kind: 'fault' }, text);
      },
    };
    const module = loadRulesModule(path);
    const stage = new Stage({
      judgement,
      makeRules: stagedRules({ module, readmitAfterMs: judgement.readmitAfter.firstMs, self, effects: staged }),
      mesosWord,
      clock,
      turned: ({ host, from, to, reason }) => keep({ kind: 'turn', host, from, to }, reason),
    });
    for (const { host, record, createdMs } of replica.entries()) if (record) stage.put(host, record, createdMs);
    for (const event of live()) stage.take(event, false);
    if (replica.complete) stage.becomeWhole();
    return stage;
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#once.warn('stage', `the rules in the shadow have a fault, everything else goes on: ${messageOf(error)}`);
    }
  }
}

function flagIn(replica: Replica, host: HostName): Flag | null {
  const entry = replica.get(host);
  return entry ? (entry.on ? 'on' : 'off') : null;
}
