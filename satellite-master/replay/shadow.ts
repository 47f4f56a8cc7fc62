/**
 * `shadow-streams`: a second rules module that runs beside the one in force, on the live events of the master. What it
 * would do is only reported: it never touches store, whitelist file, index or anybody's mail.
 */
import type { Clock } from '../../shared/clock.ts';
import { type LongWork, Turns } from '../../shared/cooperative.ts';
import { messageOf } from '../../shared/errors.ts';
import type { HostName } from '../../shared/host-name.ts';
import { type Log, OnceLog } from '../../shared/log.ts';
import { byCodeUnit, cutToBytes } from '../../shared/text.ts';
import type { Judgement, JudgementSettings, MesosFacts } from '../judgement/index.ts';
import { loadRulesModule } from '../rules/module/index.ts';
import type { Replica } from '../whitelist/index.ts';
import type { Flag } from '../whitelist/record/index.ts';
import { type EffectReports, reportedEffects } from './reported-effects.ts';
import { SimulatedMaster } from './simulated-master.ts';

export interface ShadowOptions {
  /** `shadow-streams`. */
  readonly path: string;
  /** Of the real master: its events are judged, and its records followed. */
  readonly live: Pick<Judgement, 'hub' | 'presence' | 'replica'>;
  readonly mesos: MesosFacts | undefined;
  readonly settings: JudgementSettings;
  /** Names this master in alerts. */
  readonly self: string;
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

const MAX_EFFECTS = 1_000;
const MAX_REASON_BYTES = 512;
/** The clock is looked at after this many records or events of a start. */
const STEPS_AT_ONCE = 32;

export class Shadow {
  readonly #options: ShadowOptions;
  readonly #once: OnceLog;
  readonly #turns: Turns;
  #running: SimulatedMaster | undefined;
  /** Being filled with what is live, to run next. */
  #next: SimulatedMaster | undefined;
  #sinceMs: number;
  #fault: string | undefined;
  /** Oldest first. */
  #effects: ShadowEffect[] = [];

  /** Follows the live master's records from now on. */
  constructor(options: ShadowOptions) {
    this.#options = options;
    this.#once = new OnceLog(options.log, options.clock);
    this.#turns = new Turns(options.clock);
    this.#sinceMs = options.clock.wallMs();
    const { replica } = options.live;
    replica.onChange((change) => this.#each((master) => master.follow(change)));
    replica.onStoreState(({ kind }) => {
      if (kind === 'whole') this.#each((master) => master.becomeWhole());
    });
    this.reload();
  }

  /** Reads the module again; broken, it leaves what runs as it is: shadow rules stop no master. */
  reload(): void {
    const { path, log } = this.#options;
    this.#next?.stop();
    this.#next = undefined;
    const effects: ShadowEffect[] = [];
    try {
      this.#next = this.#build(effects);
    } catch (error) {
      this.#fault = messageOf(error);
      log.error({ module: path, err: error }, 'failed to load the shadow rules; everything else goes on');
      return;
    }
    this.#turns.run(this.#start(this.#next, effects));
  }

  /** To be called several times a second. */
  tick(): void {
    this.#each((master) => master.tick());
  }

  close(): void {
    this.#turns.stop();
    this.#running?.stop();
    this.#next?.stop();
    this.#running = undefined;
    this.#next = undefined;
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
    const { replica } = this.#options.live;
    const running = this.#running;
    if (!running || !replica.complete) return [];
    const differs: ShadowDifference[] = [];
    const compare = (host: HostName) => {
      const live = flagIn(replica, host);
      const shadow = flagIn(running.replica, host);
      if (live !== shadow) differs.push({ host, live, shadow, reason: running.reasonFor(host) });
    };
    for (const { host } of replica.entries()) compare(host);
    for (const { host } of running.replica.entries()) if (!replica.get(host)) compare(host);
    return differs;
  }

  /** @throws RulesError */
  #build(effects: ShadowEffect[]): SimulatedMaster {
    const { path, live, mesos, settings, self, clock } = this.#options;
    const keep = (effect: Omit<ShadowEffect, 'time' | 'reason'>, reason: string) => {
      effects.push({ time: clock.wallMs() / 1000, ...effect, reason: cutToBytes(reason, MAX_REASON_BYTES) });
      if (effects.length > 2 * MAX_EFFECTS) effects.splice(0, effects.length - MAX_EFFECTS);
    };
    const reports: EffectReports = {
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
    return new SimulatedMaster({
      settings,
      module: loadRulesModule(path),
      effects: reportedEffects(reports, self),
      live,
      mesos,
      self,
      clock,
      turned: ({ host, from, to, reason }) => keep({ kind: 'turn', host, from, to }, reason),
    });
  }

  /** Begins with the records and events of the live master, in slices of a few milliseconds. */
  *#start(next: SimulatedMaster, effects: ShadowEffect[]): LongWork {
    const { path, log, live, clock } = this.#options;
    const { hub, replica } = live;
    let steps = 0;
    for (const { host, record, createdMs } of replica.entries()) {
      if (record) next.put(host, record, createdMs);
      if (++steps % STEPS_AT_ONCE === 0) yield;
    }
    for (const host of [...hub.index.hostNames()])
      for (const { event } of [...hub.index.ofHost(host)]) {
        next.ingestLive(event);
        if (++steps % STEPS_AT_ONCE === 0) yield;
      }
    if (replica.complete) next.becomeWhole();
    this.#running?.stop();
    this.#running = next;
    this.#next = undefined;
    this.#effects = effects;
    this.#sinceMs = clock.wallMs();
    this.#fault = undefined;
    log.info({ module: path }, 'shadow rules running');
  }

  /** A fault of shadow rules stops nothing else. */
  #each(call: (master: SimulatedMaster) => void): void {
    for (const master of [this.#running, this.#next])
      try {
        if (master) call(master);
      } catch (error) {
        this.#once.warn('shadow', 'the shadow rules have a fault; everything else goes on', { err: messageOf(error) });
      }
  }
}

function flagIn(replica: Replica, host: HostName): Flag | null {
  const entry = replica.get(host);
  return entry ? (entry.on ? 'on' : 'off') : null;
}
