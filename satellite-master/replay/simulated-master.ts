/**
 * A master that runs beside the real one or after it: the judgement of a real master over a store in memory. What it
 * would do is reported; nothing outside is touched. For replay and for shadow rules.
 */
import type { Clock } from '../../shared/clock.ts';
import type { Event } from '../../shared/event.ts';
import type { HostName } from '../../shared/host-name.ts';
import { silentLog } from '../../shared/log.ts';
import { EventHub, type Presence } from '../events/index.ts';
import {
  createJudgement,
  type Judgement,
  type JudgementEffects,
  type JudgementSettings,
  type MesosFacts,
} from '../judgement/index.ts';
import type { RulesModule } from '../rules/module/index.ts';
import { ChangeLog } from '../whitelist/history/index.ts';
import type { Replica, ReplicaChange } from '../whitelist/index.ts';
import { emptyRecord, type Flag, type HostRecord, serializeRecord } from '../whitelist/record/index.ts';
import { MemoryStore } from '../whitelist/store/index.ts';
import { hasNoManualList, isExternalChange, manualOf } from './external-changes.ts';

/** A host that went on or off. */
export interface Turn {
  /** Unix seconds. */
  readonly time: number;
  readonly host: HostName;
  /** null: not in the inventory. */
  readonly from: Flag | null;
  readonly to: Flag | null;
  readonly cause: string;
  readonly reason: string;
}

export interface SimulatedMasterOptions {
  readonly settings: JudgementSettings;
  readonly module: RulesModule;
  readonly effects: (clock: Clock) => SimulatedEffects;
  /** Of a real master, for shadow rules: its events are judged. Without it events come by {@link SimulatedMaster.ingest}. */
  readonly live?: { readonly hub: EventHub; readonly presence: Presence };
  readonly mesos?: MesosFacts | undefined;
  readonly self: string;
  readonly clock: Clock;
  /** Called for what the rules did; not for what {@link SimulatedMaster.put} does. */
  readonly turned: (turn: Turn) => void;
}

/** What rules cause, and what time does to their channels. */
export interface SimulatedEffects extends JudgementEffects {
  tick(): void;
}

export class SimulatedMaster {
  readonly #options: SimulatedMasterOptions;
  readonly #store: MemoryStore;
  /** Of one life of the master: a restart makes others. */
  #judgement: Judgement;
  #effects: SimulatedEffects;
  #byOthers = false;

  /** @throws RulesError with all that is wrong with the module */
  constructor(options: SimulatedMasterOptions) {
    this.#options = options;
    this.#store = new MemoryStore(options.clock);
    this.#effects = options.effects(options.clock);
    this.#judgement = this.#begin();
  }

  get replica(): Replica {
    return this.#judgement.replica;
  }

  get flags(): Judgement['flags'] {
    return this.#judgement.flags;
  }

  /** Whether nothing is about to be written. */
  get settled(): boolean {
    return this.#judgement.reconciler.settled;
  }

  /** Why automation does or would do what it does with the host. */
  reasonFor(host: HostName): string {
    const { reconciler } = this.#judgement;
    const decision = reconciler.decisionFor(host);
    const held = reconciler.held.get(host);
    return held === undefined ? decision.reason : `${decision.reason}; held: ${held}`;
  }

  /** Follows the records of a real master: all of them until its store is whole, then what others did to them. */
  follow({ host, before, after, kind, initial }: ReplicaChange): void {
    if (!after) this.remove(host);
    else if (kind === 'expiry' || !after.record) return;
    else if (initial) this.put(host, after.record, after.createdMs);
    else if (!isExternalChange(before?.record, after.record)) return;
    else if (this.replica.get(host)) this.putManual(host, after.record, after.createdMs);
    else this.put(host, after.record, after.createdMs);
  }

  /** The records that were there have all been put. */
  becomeWhole(): void {
    this.#store.becomeWhole();
  }

  /** Forgets what was heard; the records stay. */
  restart(): void {
    this.stop();
    this.#effects = this.#options.effects(this.#options.clock);
    this.#judgement = this.#begin();
  }

  stop(): void {
    this.#judgement.stop();
  }

  /** @param own from the master itself */
  ingest(event: Event, own: boolean): void {
    this.#judgement.hub.publish([event], own ? 'self' : 'report');
  }

  /** With a live hub: an event that was in its index before. */
  ingestLive(event: Event): void {
    this.#judgement.rules.onEvent(event, 'report');
  }

  /** To be called several times a second. */
  tick(): void {
    this.#judgement.tick();
    this.#effects.tick();
  }

  /** A record as it is in the store of the real master. */
  put(host: HostName, record: HostRecord, createdMs: number): void {
    this.#asOthers(() => this.#store.put(host, serializeRecord(record), createdMs));
  }

  /** What operators did: their list only, since the managed side is the simulated master's own. */
  putManual(host: HostName, record: HostRecord, createdMs: number): void {
    const own = this.replica.get(host)?.record;
    const manual = manualOf(record);
    if (!own && hasNoManualList(manual)) return;
    if (own && !isExternalChange(own, record)) return;
    this.put(host, { ...(own ?? emptyRecord), ...manual }, createdMs);
  }

  remove(host: HostName): void {
    this.#asOthers(() => this.#store.put(host, null));
  }

  #asOthers(work: () => void): void {
    this.#byOthers = true;
    try {
      work();
    } finally {
      this.#byOthers = false;
    }
  }

  #begin(): Judgement {
    const { clock, settings, module, live, mesos, self, turned } = this.#options;
    const log = silentLog;
    const judgement = createJudgement({
      store: this.#store,
      leads: () => true,
      mesos,
      settings,
      rules: { module },
      effects: this.#effects,
      ...(live ? { hub: live.hub, presence: live.presence, indexed: new EventHub({ clock, log }) } : {}),
      self,
      clock,
      log,
    });
    const changeLog = new ChangeLog({
      history: {
        append: (host, { time, from, to, cause, reason }, _key, { unlessKnown = false } = {}) => {
          if (from === to || unlessKnown || this.#byOthers) return;
          turned({ time, host, from, to, cause, reason });
        },
      },
      clock,
      log,
      counted: () => undefined,
    });
    judgement.replica.onChange((change) => changeLog.changed(change));
    judgement.start();
    return judgement;
  }
}
