/**
 * `Satellite`: all that a rules module is handed. The stream functions of streams/, what a rule can do, and the ground
 * on which rules about hosts stand. Whatever the default rules do, they do with these.
 */
import type { Clock } from '../../../shared/clock.ts';
import type { Event } from '../../../shared/event.ts';
import type { HostName } from '../../../shared/host-name.ts';
import type { ChannelFunctions } from '../../alerts/index.ts';
import type { Field } from '../../streams/index.ts';
import {
  createStreams,
  feed,
  type Stream,
  StreamArgumentError,
  type StreamContext,
  type StreamEvent,
  type Streams,
  shown,
} from '../../streams/index.ts';
import type { RecordEvents } from '../../whitelist/record/index.ts';
import type { FlagsOfRule, ModuleFlags } from '../flags/index.ts';
import { type HostAccount, type Hosts, type JudgeTestsSettings, judgeTestsOf } from '../host-health/index.ts';
import { wholeEvent } from './complete-event.ts';
import type { RuleEffects } from './effects.ts';
import { requireCalled } from './functions.ts';
import { type HostEffect, type HostEffects, hostEffects } from './host-actions.ts';
import { stat, tap } from './stat-and-tap.ts';

/** What a rules module exports as default. */
export type Rules = (satellite: Satellite) => Stream | readonly Stream[];

export interface Satellite extends Streams, HostEffects, ChannelFunctions {
  /**
   * A rule with a name of its own. Each rule has its own flag for each host, and a host is off while the flag of any rule
   * is off. Without it all flags are those of one rule, `streams`, and the last one set counts.
   * @example rule('gpu', () => where(service('gpu'), where(state('critical'), offHost(), otherwise(onHost()))))
   */
  readonly rule: (name: string, make: (satellite: Satellite) => Stream | readonly Stream[]) => Stream;
  /** Judges the tests of hosts as docs/judgement.md says: see judge-tests.ts. */
  readonly judgeTests: (settings?: JudgeTestsSettings) => Stream;
  /** The metric of what passes is a figure of that name in `/metrics/snapshot` and `/metrics/history`. */
  readonly stat: (name: string | ((event: StreamEvent) => string)) => Stream;
  /** Hands on what passes; a test bench remembers it under the name. */
  readonly tap: <T = StreamEvent>(name: string, ...children: Stream<T>[]) => Stream<T>;
  readonly clock: Clock;
  readonly hosts: Hosts;
}

/** The name of the rule that is no `rule(...)`. */
export const UNNAMED_RULE = 'streams';

export interface SatelliteParts {
  readonly context: StreamContext;
  readonly effects: RuleEffects;
  readonly channels: ChannelFunctions;
  readonly desired: ModuleFlags;
  readonly managedEventsOf: (host: HostName) => RecordEvents;
  readonly readmitAfterMs: number;
  readonly accounts: Map<string, HostAccount>;
  /** Called with each rule that the module makes. */
  readonly declared: (rule: string) => void;
  /** Called when the module uses what judges hosts: judgeTests, onHost, offHost, persistEvent, an account of its own. */
  readonly judges: () => void;
  /** Checks the calls of functions of the satellite that a rule is given. */
  readonly guard: (satellite: Satellite) => Satellite;
  /** The event on its way: it need not be checked again. */
  readonly incoming: () => unknown;
  /** Runs it where nothing of it stays, while the module is being built; later not at all. */
  readonly rehearse: (make: () => void) => void;
}

export function createSatellite(parts: SatelliteParts): Satellite {
  const { context, effects, channels, desired, managedEventsOf, readmitAfterMs, accounts, declared, judges } = parts;
  const { clock } = context;
  let rule = UNNAMED_RULE;

  const whole = (item: StreamEvent): Event =>
    item === parts.incoming() ? (item as Event) : wholeEvent(item, clock.wallMs() / 1000);
  const streams = createStreams(context, { ...effects, index: (event) => effects.index(whole(event)) });
  const effectsOf = (name: string) => hostEffects(name, { desired, managedEventsOf, judges, clock });

  /** Streams that are made meanwhile, also by forks much later, belong to that rule. */
  function inRule<R>(name: string, make: () => R): R {
    const outer = rule;
    rule = name;
    try {
      return make();
    } finally {
      rule = outer;
    }
  }

  const unnamed = effectsOf(UNNAMED_RULE);
  /** As in `unnamed`, of the rule in whose scope it is called. */
  function scoped(): HostEffects {
    declared(rule);
    return rule === UNNAMED_RULE ? unnamed : effectsOf(rule);
  }

  const hosts: Hosts = {
    managedEventsOf,
    readmitAfterMs,
    wholeEvent: whole,
    account: <A extends object>(kind: string, make: (name: string, of: FlagsOfRule) => A): A => {
      const name = rule === UNNAMED_RULE ? kind : rule;
      declared(name);
      judges();
      const key = `${name} ${kind}`;
      const account = accounts.get(key) ?? make(name, desired.of(name));
      accounts.set(key, account);
      // One kind is one class: who asks for it by this kind made it.
      return account as A;
    },
  };

  const satellite: Satellite = {
    ...streams,
    ...channels,
    by: <T = StreamEvent>(fields: Field<T> | readonly Field<T>[], make: () => Stream<T> | readonly Stream<T>[]) => {
      const own = rule;
      const made = typeof make === 'function' ? () => inRule(own, make) : make;
      // What is wrong in a fork would else be said only when the first event of a key comes.
      parts.rehearse(() => typeof make === 'function' && requireStreams('by', made()));
      return streams.by<T>(fields, made);
    },
    rule: (name, make) => {
      if (typeof name !== 'string' || name === '')
        throw new StreamArgumentError('rule', `needs a name, not ${shown(name)}`);
      if (typeof make !== 'function')
        throw new StreamArgumentError('rule', `needs a function that makes the streams of ${name}, not ${shown(make)}`);
      declared(name);
      const made = inRule(name, () => make(parts.guard({ ...satellite, ...effectsOf(name) })));
      const streamsOfRule = requireStreams(`rule ${name}`, made);
      return (event) => feed(context, `rule ${name}`, streamsOfRule, event);
    },
    onHost: inScope('onHost'),
    offHost: inScope('offHost'),
    keepHost: inScope('keepHost'),
    releaseHost: inScope('releaseHost'),
    persistEvent: () => scoped().persistEvent(),
    deleteEvent: () => scoped().deleteEvent(),
    ensureAllTestsPass: (actions) => {
      judges();
      return streams.ensureAllTestsPass(actions);
    },
    judgeTests: (settings) => judgeTestsOf(satellite, settings),
    stat: stat(effects),
    tap: tap(context, effects),
    clock,
    hosts,
  };
  return satellite;

  function inScope(name: 'onHost' | 'offHost' | 'keepHost' | 'releaseHost'): HostEffect {
    // Both forms of a HostEffect, each with the result that belongs to it.
    return ((...args: never[]) => (scoped()[name] as (...args: never[]) => unknown)(...args)) as HostEffect;
  }
}

/** @throws StreamArgumentError that names what is no stream */
export function requireStreams<T>(name: string, made: Stream<T> | readonly Stream<T>[]): readonly Stream<T>[] {
  const list: readonly unknown[] = Array.isArray(made) ? made : [made];
  for (const one of list) requireCalled(name, one);
  const at = list.findIndex((one) => typeof one !== 'function');
  if (at >= 0)
    throw new StreamArgumentError(
      name,
      `must give streams: found ${shown(list[at])}${list.length > 1 ? ` in place ${at + 1}` : ''}`,
    );
  return list as readonly Stream<T>[];
}
