/**
 * A master that is only played: index, rules, guard and reconciler as in a real one, put together as in master.ts, over
 * a store in memory. What it does is told; nothing outside is touched. For replay, and for rules in the shadow.
 */
import type { Clock } from '../../shared/clock.ts';
import type { Event } from '../../shared/event.ts';
import type { HostName } from '../../shared/host-name.ts';
import { silentLog } from '../../shared/log.ts';
import { EventIndex } from '../events/index.ts';
import type { JudgeTests } from '../rules/host-health/index.ts';
import type { MesosWord, ReadmitAfter } from '../whitelist/automation/index.ts';
import { Census, Reconciler, Wishes } from '../whitelist/automation/index.ts';
import { Chronicle } from '../whitelist/history/index.ts';
import { Replica, type ReplicaChange } from '../whitelist/index.ts';
import {
  emptyRecord,
  type Flag,
  type HostRecord,
  type RecordEvents,
  serializeRecord,
} from '../whitelist/record/index.ts';
import { MemoryStore } from '../whitelist/store/index.ts';
import { isOthersWork, isUnmanned, manualOf } from './others-work.ts';

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

/** What rules need of the stage. */
export interface RulesGround {
  readonly clock: Clock;
  readonly wishes: Wishes;
  readonly index: EventIndex;
  readonly managedEventsOf: (host: HostName) => RecordEvents;
}

/** Rules on a stage. */
export interface StagedRules {
  /** What is heard of each host's tests. */
  readonly hearing: Pick<JudgeTests, 'quiet' | 'verdictOf'>;
  take(event: Event): void;
  tick(): void;
  recordChanged(host: HostName): void;
  dropHost(host: HostName): void;
  close(): void;
}

/** The settings that decide. */
export interface Judgement {
  /** `managed-off-limit`. */
  readonly offShare: number;
  readonly readmitAfter: ReadmitAfter;
}

export interface StageOptions {
  readonly judgement: Judgement;
  readonly makeRules: (ground: RulesGround) => StagedRules;
  readonly mesosWord?: (host: HostName) => MesosWord;
  readonly clock: Clock;
  /** Told of what the rules did; not of what {@link Stage.put} does. */
  readonly turned: (turn: Turn) => void;
}

/** Of one life of the master: a restart makes another. */
interface Cast {
  readonly replica: Replica;
  readonly index: EventIndex;
  readonly rules: StagedRules;
  readonly reconciler: Reconciler;
  readonly wishes: Wishes;
}

export class Stage {
  readonly #options: StageOptions;
  readonly #store: MemoryStore;
  #cast: Cast;
  #byOthers = false;

  constructor(options: StageOptions) {
    this.#options = options;
    this.#store = new MemoryStore(options.clock);
    this.#cast = this.#play();
  }

  get replica(): Replica {
    return this.#cast.replica;
  }

  /** Whether nothing is about to be written. */
  get settled(): boolean {
    return this.#cast.reconciler.settled;
  }

  /** Why automation does or would do what it does with the host. */
  reasonFor(host: HostName): string {
    const { reconciler } = this.#cast;
    const decision = reconciler.decisionFor(host);
    const held = reconciler.held.get(host);
    return held === undefined ? decision.reason : `${decision.reason}; held: ${held}`;
  }

  /** The record of a master that is played beside: whole while the stage is set, then what others did to it. */
  follow({ host, before, after, kind, initial }: ReplicaChange): void {
    if (!after) this.remove(host);
    else if (kind === 'expiry' || !after.record) return;
    else if (initial) this.put(host, after.record, after.createdMs);
    else if (!isOthersWork(before?.record, after.record)) return;
    else if (this.replica.get(host)) this.putManual(host, after.record, after.createdMs);
    else this.put(host, after.record, after.createdMs);
  }

  /** The records that were there have all been put. */
  becomeWhole(): void {
    this.#store.becomeWhole();
  }

  /** Forgets what was heard; the records stay. */
  restart(): void {
    this.close();
    this.#cast = this.#play();
  }

  close(): void {
    this.#cast.reconciler.stop();
    this.#cast.rules.close();
  }

  /** @param own from the master itself */
  take(event: Event, own: boolean): void {
    const { index, rules } = this.#cast;
    if (event.state === 'expired') index.delete(event.host ?? '', event.service);
    else {
      const taken = index.take(event, own);
      if (taken !== 'new' && taken !== 'updated') return;
    }
    rules.take(event);
  }

  /** Follows the time; to be called several times a second. */
  tick(): void {
    const { index, rules, replica, reconciler } = this.#cast;
    const { expired } = index.tick();
    if (expired.length > 0) {
      const time = this.#options.clock.wallMs() / 1000;
      for (const event of expired) {
        const { metric: _, attributes: __, ...kept } = event;
        rules.take({ ...kept, state: 'expired', time });
      }
    }
    rules.tick();
    replica.tick();
    reconciler.tick();
  }

  /** A record as it stood in the store of the master that is played after. */
  put(host: HostName, record: HostRecord, createdMs: number): void {
    this.#asOthers(() => this.#store.put(host, serializeRecord(record), createdMs));
  }

  /** What operators did: their list only, the managed side is the played master's own. */
  putManual(host: HostName, record: HostRecord, createdMs: number): void {
    const own = this.replica.get(host)?.record;
    const manual = manualOf(record);
    if (!own && isUnmanned(manual)) return;
    if (own && !isOthersWork(own, record)) return;
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

  #play(): Cast {
    const { clock, judgement, makeRules, mesosWord = () => 'none', turned } = this.#options;
    const { offShare, readmitAfter } = judgement;
    const store = this.#store;
    const log = silentLog;
    const listeningSinceMs = clock.monoMs();
    const replica = new Replica({ clock, log, foreignHoldMs: readmitAfter.firstMs });
    const wishes = new Wishes((host) => reconciler.mark(host));
    const index = new EventIndex(clock);
    const managedEventsOf = (host: HostName) => replica.get(host)?.record?.['managed-events'] ?? {};
    const rules = makeRules({ clock, wishes, index, managedEventsOf });
    const { hearing } = rules;
    const silence = {
      quiet: () => hearing.quiet(),
      silentForMs(host: HostName) {
        const known = hearing.verdictOf(host);
        if (!known || known.verdict.kind === 'unheard') return clock.monoMs() - listeningSinceMs;
        return known.verdict.kind === 'silent' ? clock.monoMs() - known.sinceMs : undefined;
      },
    };
    const census = new Census({ replica, silence, mesosWord, share: offShare, clock });
    const self = 'satellite-master';
    const reconciler = new Reconciler({
      store,
      replica,
      wishes,
      census,
      leads: () => true,
      readmitAfter,
      self,
      clock,
      log,
    });
    const chronicle = new Chronicle({
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
    replica.onChange((change: ReplicaChange) => {
      const { host, after } = change;
      if (after) rules.recordChanged(host);
      else {
        rules.dropHost(host);
        wishes.dropHost(host);
        index.dropHost(host);
      }
      reconciler.mark(host);
      chronicle.changed(change);
    });
    replica.onStoreState(({ kind }) => {
      if (kind === 'whole') reconciler.markAll();
    });
    store.start(replica);
    return { replica, index, rules, reconciler, wishes };
  }
}
