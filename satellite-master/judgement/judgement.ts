/**
 * From an event to a managed flag: the one composition of everything that decides. The master runs it, and so do
 * replay, shadow rules, `satellite/testing` and the tests. It does no I/O of its own: what leaves the process goes
 * through `store` and `effects`.
 */
import type { Clock } from '../../shared/clock.ts';
import type { Event } from '../../shared/event.ts';
import type { HostName } from '../../shared/host-name.ts';
import type { Log } from '../../shared/log.ts';
import type { ModuleChannels } from '../alerts/index.ts';
import { EventHub, Presence } from '../events/index.ts';
import type { RuleEffects } from '../rules/api/index.ts';
import { RulesEngine, type RulesSource } from '../rules/engine/index.ts';
import {
  DesiredFlags,
  GuardCounts,
  type MesosRegistration,
  type ReadmitAfter,
  Reconciler,
} from '../whitelist/automation/index.ts';
import { Replica } from '../whitelist/index.ts';
import { type Why, whyOf } from '../whitelist/operators/index.ts';
import type { RecordClock, Store } from '../whitelist/store/index.ts';

/** The settings that decide. */
export interface JudgementSettings {
  /** `managed-off-limit`. */
  readonly offShare: number;
  readonly readmitAfter: ReadmitAfter;
}

/** What Mesos knows, as far as it decides. */
export interface MesosFacts {
  registrationOf(host: HostName): MesosRegistration;
  /** Hosts in a maintenance window; another set whenever they change. */
  inMaintenance(): ReadonlySet<HostName>;
}

/** What rules cause outside of the judgement. */
export interface JudgementEffects extends Omit<RuleEffects, 'index'> {
  openChannels(): ModuleChannels;
  /** A stream threw: its name, and where in the module. */
  fault(stream: string, error: unknown, place: string | undefined): void;
}

export interface JudgementOptions {
  /** Where managed flags are written; a master that may lose the lead hands in a fenced one. */
  readonly store: Store;
  readonly leads: () => boolean;
  /** Without it no Mesos is configured. */
  readonly mesos?: MesosFacts | undefined;
  readonly settings: JudgementSettings;
  readonly rules: RulesSource;
  readonly effects: JudgementEffects;
  /** Whoever hands one in ticks it, and drops hosts from it. Default: one of its own. */
  readonly hub?: EventHub;
  /** Where events go that rules index; shadow rules must not touch the live index. Default: the hub. */
  readonly indexed?: EventHub;
  /** With `hub`: the presence that belongs to it. */
  readonly presence?: Presence;
  /** Default: one of its own. */
  readonly replica?: Replica;
  /** Name of this master, for `changed.by`. */
  readonly self: string;
  readonly clock: Clock;
  /** By which records are written and expire. Default: the same. */
  readonly recordClock?: RecordClock;
  readonly log: Log;
}

/** What else is known of a host, for `why`. */
export interface WhyContext {
  /** What the black-hole rule counted on the host. */
  readonly blackHole?: string | undefined;
  /** The host in Mesos: deactivated by us or not, refusals, maintenance. */
  readonly inMesos?: string | undefined;
  /** Why Mesos does not see the list at present. */
  readonly fileUnkept?: string | undefined;
  /** Why the whitelist file is held and does not follow the list. */
  readonly fileHeld?: string | undefined;
}

export interface Judgement {
  readonly hub: EventHub;
  readonly presence: Presence;
  readonly rules: RulesEngine;
  readonly flags: DesiredFlags;
  readonly replica: Replica;
  readonly guardCounts: GuardCounts;
  readonly reconciler: Reconciler;
  /** undefined: the host is not in the inventory. */
  why(host: HostName, context?: WhyContext): Why | undefined;
  /** Begins to read the store, and to watch the files of the rules. */
  start(): void;
  /** To be called several times a second. */
  tick(): void;
  stop(): void;
}

const NO_HOSTS: ReadonlySet<HostName> = new Set();
const NO_MESOS: MesosFacts = { registrationOf: () => 'none', inMaintenance: () => NO_HOSTS };

/** @throws RulesError with all that is wrong with the rules module */
export function createJudgement(options: JudgementOptions): Judgement {
  const { store, leads, mesos = NO_MESOS, settings, effects, self, clock, log } = options;
  const { offShare, readmitAfter } = settings;
  const { recordClock = clock } = options;
  const hub = options.hub ?? new EventHub({ clock, log });
  const presence = options.presence ?? new Presence({ hub, clock });
  const replica = options.replica ?? new Replica({ clock: recordClock, log, foreignHoldMs: readmitAfter.firstMs });

  const flags = new DesiredFlags();
  const { indexed = hub } = options;
  const ownHubs = [...new Set([...(options.hub ? [] : [hub]), ...(indexed === hub ? [] : [indexed])])];
  const rules = new RulesEngine({
    source: options.rules,
    hub,
    flags,
    effects: { ...effects, index: (event: Event) => void indexed.publish([event], 'rules') },
    openChannels: effects.openChannels,
    managedEventsOf: (host) => replica.get(host)?.record?.['managed-events'] ?? {},
    readmitAfterMs: readmitAfter.firstMs,
    fault: effects.fault,
    clock,
    log,
  });
  if (indexed !== hub) indexed.subscribe({ onExpired: (event) => rules.onExpired(event) });

  const guardCounts = new GuardCounts({
    replica,
    silence: presence,
    registrationOf: (host) => mesos.registrationOf(host),
    planned: () => mesos.inMaintenance(),
    share: offShare,
    clock: recordClock,
  });
  replica.onChange(({ host, after }) => {
    if (after) return rules.recordChanged(host);
    rules.dropHost(host);
    flags.dropHost(host);
    for (const own of ownHubs) own.dropHost(host);
    if (!options.presence) presence.dropHost(host);
  });
  const reconciler = new Reconciler({
    store,
    replica,
    desired: flags,
    guardCounts,
    leads,
    readmitAfter,
    self,
    clock: recordClock,
    log,
  });

  return {
    hub,
    presence,
    rules,
    flags,
    replica,
    guardCounts,
    reconciler,
    why(host, { blackHole, inMesos, fileUnkept, fileHeld } = {}) {
      const entry = replica.get(host);
      return (
        entry &&
        whyOf({
          entry,
          decision: reconciler.decisionFor(host),
          held: reconciler.held.get(host),
          countingTests: rules.countingTests(host),
          blackHole,
          noJudgement: rules.noJudgement,
          inMesos,
          fileUnkept,
          fileHeld,
          nowMs: clock.monoMs(),
          nowS: recordClock.wallMs() / 1000,
        })
      );
    },
    start() {
      rules.start();
      store.start(replica);
    },
    tick() {
      for (const own of ownHubs) own.tick();
      rules.tick();
      replica.tick();
      reconciler.tick();
    },
    stop() {
      reconciler.stop();
      rules.stop();
    },
  };
}
