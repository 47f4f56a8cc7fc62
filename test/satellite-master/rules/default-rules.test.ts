/** What runs when no "streams" is set: config/streams.ts, and nothing that a module could not do itself. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import configStreams from '../../../config/streams.ts';
import { EventHub } from '../../../satellite-master/events/event-hub.ts';
import type { Rules, Satellite } from '../../../satellite-master/rules/api/rules-api.ts';
import { HostJudge } from '../../../satellite-master/rules/host-health/host-judge.ts';
import { defaultModule, loadRulesModule } from '../../../satellite-master/rules/module/module.ts';
import { testRules } from '../../../satellite-master/testing/index.ts';
import { DesiredFlags } from '../../../satellite-master/whitelist/automation/desired-flags.ts';
import type { Event } from '../../../shared/event.ts';
import { silentLog } from '../../../shared/log.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';
import { host, hosts } from '../../support/harness.ts';

const HOSTS = hosts(5);
const STATES = ['ok', 'ok', 'ok', 'critical', 'warning', 'unknown', 'expired', 'strange'];

/** The same for the same seed. */
function* numbers(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    yield state / 2 ** 32;
  }
}

interface Step {
  readonly advanceS: number;
  readonly event: Omit<Event, 'time'>;
}

function steps(seed: number, count: number): Step[] {
  const random = numbers(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next().value * list.length)] as T;
  return Array.from({ length: count }, () => ({
    advanceS: Math.floor(random.next().value * 20),
    event: {
      host: pick(HOSTS),
      service: `${pick(['mesos/slave/', 'mesos/slave/', 'other/'])}${pick(['disk', 'load'])}`,
      state: pick(STATES),
      ttl: pick([10, 60, 300]),
    },
  }));
}

function flagsUnder(rules: Rules | string, walk: readonly Step[]): string[] {
  const bench = testRules(rules);
  return walk.map(({ advanceS, event }) => {
    bench.advance(advanceS).inject(event);
    return HOSTS.map((name) => `${bench.wanted(name)} ${bench.reason(name)}`).join(', ');
  });
}

/** The judge alone, without rules. */
function flagsOfJudge(walk: readonly Step[]): string[] {
  const clock = new ManualClock();
  const hub = new EventHub({ clock, log: silentLog });
  const flags = new DesiredFlags();
  const judge = new HostJudge({ clock, desired: flags, dropAfterMs: 60_000, managedEventsOf: () => ({}) });
  const take = (event: Event) => judge.ingest(event);
  hub.subscribe({ onEvent: take, onExpired: take });
  return walk.map(({ advanceS, event }) => {
    for (let tick = 0; tick < advanceS * 10; tick++) {
      clock.advance(100);
      hub.tick();
      judge.tick();
    }
    hub.publish([{ ...event, time: clock.wallMs() / 1000 }], 'report');
    return HOSTS.map((name) => `${flags.flag(name)?.flag} ${flags.flag(name)?.reason}`).join(', ');
  });
}

describe('the default rules', () => {
  test('are config/streams.ts itself', () => {
    expect(defaultModule.rules).toBe(configStreams);
    expect(loadRulesModule('config/streams.ts').rules.toString().replaceAll(/\s/g, '')).toContain('judgeTests()');
  });

  test('import nothing but types', () => {
    const imports = readFileSync('config/streams.ts', 'utf8').match(/^import .*$/gm);
    expect(imports).toEqual(["import type { Satellite } from 'satellite';"]);
  });

  test('say of 300 events what the judge of docs/judgement.md says, compiled in and loaded from the file alike', () => {
    const walk = steps(4, 300);
    const flags = flagsUnder(defaultModule.rules, walk);
    expect(flags).toEqual(flagsOfJudge(walk));
    expect(flagsUnder('config/streams.ts', walk)).toEqual(flags);
    expect(new Set(flags.flatMap((line) => line.match(/\b(on|off|keep|undefined) /g)))).toEqual(
      new Set(['on ', 'off ', 'keep ', 'undefined ']),
    );
  });

  test('judgeTests can be built by anyone: here one that asks for two criticals, on public functions alone', () => {
    const rules = ({ where, service, hosts: sharedStore }: Satellite) => {
      const judge = sharedStore.account('patient', (_rule, desired) => {
        const ill = new Map<string, Set<string>>();
        return {
          ingest(event: Event): void {
            if (!event.host) return;
            const services = ill.get(event.host) ?? new Set<string>();
            ill.set(event.host, services);
            if (event.state === 'critical') services.add(event.service);
            else services.delete(event.service);
            const flag = services.size > 1 ? 'off' : 'on';
            desired.setFlag('patient', event.host, { flag, rule: 25, reason: `${services.size} criticals` });
          },
        };
      });
      return where(service(/^mesos\/slave\//), (event) => judge.ingest(sharedStore.wholeEvent(event)));
    };
    const bench = testRules(rules);
    const a1 = host('a1');
    bench.inject({ host: a1, service: 'mesos/slave/disk', state: 'critical' });
    expect(bench.wanted(a1)).toBe('on');
    bench.inject({ host: a1, service: 'mesos/slave/load', state: 'critical' });
    expect([bench.wanted(a1), bench.reason(a1), bench.faults]).toEqual(['off', '2 criticals', []]);
  });
});
