/** The test bench for rules, and the example in README.md, which is run as it stands there. */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { fitEvent } from '../../../satellite-master/intake/fit-event.ts';
import { eventLine, LineReader } from '../../../satellite-master/replay/recording-lines.ts';
import { checkRules } from '../../../satellite-master/rules/check.ts';
import { type Satellite, testRules } from '../../../satellite-master/testing/index.ts';
import { hasDefaultTtl, withDefaultTtl } from '../../../shared/event.ts';
import { ModuleFolder } from '../rules/support/module-folder.ts';

const folder = new ModuleFolder();
afterAll(() => folder.remove());

/** The code blocks of a file, by the name in their first line: `// gpu.ts`. */
function codeIn(file: string): ReadonlyMap<string, string> {
  const blocks = readFileSync(file, 'utf8').matchAll(/```ts\n\/\/ (\S+)\n(.*?)```/gs);
  return new Map(Array.from(blocks, ([, name = '', text = '']) => [name, text]));
}

test('the example in README.md is right', () => {
  const code = codeIn('README.md');
  expect([...code.keys()]).toEqual(['gpu.ts', 'gpu.test.ts']);
  for (const [name, text] of code) folder.write(name, text);
  // The file is a test in itself; here its `test` and `expect` are ours.
  const body = (code.get('gpu.test.ts') ?? '').replace(/^import .*\n/gm, '').replaceAll(': string)', ')');
  let names = 0;
  const run = (_name: string, check: () => void) => {
    names++;
    check();
  };
  const rules = `${folder.path}/gpu.ts`;
  new Function('test', 'expect', 'testRules', 'rules', body)(run, expect, testRules, rules);
  expect(names).toBeGreaterThan(0);
});

test.each(['docs/rules.md', 'docs/switching.md'])('the modules in %s are sound', (file) => {
  const code = codeIn(file);
  expect(code.size).toBeGreaterThan(0);
  for (const [name, text] of code) checkRules(folder.write(`${file}/${name}`, text));
});

test('docs/rules.md names every function that rules are handed', () => {
  const named = new Set(readFileSync('docs/rules.md', 'utf8').match(/\w+/g));
  let missing: string[] = [];
  testRules((satellite) => {
    missing = Object.keys(satellite).filter((name) => !named.has(name));
    return [];
  });
  expect(missing).toEqual([]);
});

describe('the bench', () => {
  test('fills in what a report may leave away, and counts time from 0', () => {
    const bench = testRules(({ tap }) => tap('all')).inject({ service: 'x' });
    expect(bench.tap('all')).toEqual([{ service: 'x', time: 0, ttl: 60 }]);
    expect(testRules(() => [], { start: new Date('2026-01-01T00:00:00Z') }).now).toBe(1_767_225_600);
  });

  test('events expire as time passes, and come once more', () => {
    const bench = testRules(({ expired, tap }) => expired(tap('gone')));
    bench.inject({ host: 'a', service: 'x', state: 'ok', ttl: 30 });
    expect(bench.advance(29).tap('gone')).toEqual([]);
    expect(bench.indexed('a', 'x')?.state).toBe('ok');
    expect(bench.advance('2s').tap('gone')).toMatchObject([{ host: 'a', service: 'x', state: 'expired' }]);
    expect(bench.indexed('a', 'x')).toBeUndefined();
  });

  test('events made by rules are indexed, as whole events, and do not go down the rules once more', () => {
    const bench = testRules(({ tap, with: set, index, tag }) => [
      tap('in'),
      set({ service: 'made' }, tag('ours', index())),
    ]);
    bench.inject({ host: 'a', service: 'x', state: 'ok' });
    expect(bench.indexed('a', 'made')).toEqual({
      host: 'a',
      service: 'made',
      state: 'ok',
      time: 0,
      ttl: 60,
      tags: ['ours'],
    });
    expect(bench.tap('in')).toHaveLength(1);
  });

  test('figures hold for the ttl of what gave them', () => {
    const bench = testRules(({ where, service, stat }) =>
      where(
        service(/^queue/),
        stat(({ service: name = '' }) => `my ${name}`),
      ),
    );
    bench.inject({ service: 'queue-a', metric: 3, ttl: 10 }, { service: 'queue-b', state: 'ok' });
    expect(bench.figures()).toEqual({ 'my queue-a': 3 });
    expect(bench.advance(11).figures()).toEqual({});
  });

  test('logs and faults are written down', () => {
    const bench = testRules(({ log, smap }) => [
      log('heard'),
      smap(() => {
        throw new Error('boom');
      }),
    ]);
    bench.inject({ service: 'x' });
    expect(bench.logged).toMatchObject([{ message: 'heard', item: { service: 'x' } }]);
    expect(bench.faults).toMatchObject([{ stream: 'streams', error: { message: 'boom' } }]);
  });

  test('persistEvent and deleteEvent write into the record of the host', () => {
    const bench = testRules(
      ({ where, service, state, persistEvent, deleteEvent, otherwise }) =>
        where(service('raid'), where(state('ok'), deleteEvent(), otherwise(persistEvent()))),
      { managedEvents: { b: { raid: { state: 'critical', time: 0 } } } },
    );
    bench.inject({ host: 'a', service: 'raid', state: 'critical', description: 'disk 3' });
    expect(bench.managedEvents('a')).toMatchObject({ raid: { state: 'critical', description: 'disk 3' } });
    bench.inject({ host: 'a', service: 'raid', state: 'ok' }, { host: 'b', service: 'raid', state: 'ok' });
    expect([bench.managedEvents('a'), bench.managedEvents('b'), bench.faults]).toEqual([{}, {}, []]);
  });

  test('rules with names desired flag beside each other; a host is off while any says off', () => {
    const bench = testRules(({ rule, where, service, state, offHost, onHost, otherwise }: Satellite) =>
      ['gpu', 'raid'].map((name) =>
        rule(name, () => where(service(name), where(state('critical'), offHost(), otherwise(onHost())))),
      ),
    );
    bench.inject({ host: 'a', service: 'gpu', state: 'critical' }, { host: 'a', service: 'raid', state: 'ok' });
    expect([bench.wanted('a'), bench.reason('a')]).toEqual(['off', 'gpu critical']);
    bench.inject({ host: 'a', service: 'gpu', state: 'ok' });
    expect(bench.wanted('a')).toBe('on');
  });

  test('rules without a name are one rule, whose last word counts, as in the original', () => {
    const bench = testRules(({ where, service, state, offHost, onHost }) => [
      where(state('critical'), offHost()),
      where(service('raid'), where(state('ok'), onHost())),
    ]);
    bench.inject({ host: 'a', service: 'gpu', state: 'critical' }, { host: 'a', service: 'raid', state: 'ok' });
    expect(bench.wanted('a')).toBe('on');
  });

  test('the name of a rule holds in forks that are made much later, and for calls by host', () => {
    const bench = testRules(({ rule }) => [
      rule('forks', ({ by, stable, offHost }) =>
        by('host', () => stable(60, 'state', offHost({ reason: 'from a fork' }))),
      ),
      rule(
        'calls',
        ({ onHost }) =>
          (event) =>
            onHost(event.host ?? '', 'from a call'),
      ),
    ]);
    bench.inject({ host: 'a', service: 'x', state: 'bad', ttl: 600 }).advance(61);
    expect([bench.wanted('a'), bench.reason('a'), bench.faults]).toEqual(['off', 'from a fork', []]);
    bench.inject({ host: 'b', service: 'x', state: 'bad' });
    expect(bench.reason('b')).toBe('from a call');
  });

  test('events that expire reach the rules as in a master: without metric and attributes', () => {
    const bench = testRules(({ tap }) => tap('out'));
    bench.inject({ host: 'a', service: 'x', metric: 5, ttl: 10, attributes: { rack: 'r1' }, tags: ['t'] }).advance(12);
    expect(bench.tap('out')).toMatchObject([
      { service: 'x', metric: 5, attributes: { rack: 'r1' } },
      { service: 'x', state: 'expired', tags: ['t'] },
    ]);
    expect(bench.tap('out')[1]).not.toHaveProperty('metric');
    expect(bench.tap('out')[1]).not.toHaveProperty('attributes');
  });

  test('offHost without its parentheses is refused, instead of doing nothing', () => {
    expect(() => testRules((satellite) => satellite.where(() => true, satellite.offHost as never))).toThrow(
      'call it, as in offHost(...)',
    );
  });

  test('streams in a fork that speak from the beginning do so only in forks of events', () => {
    const bench = testRules(({ by, fillIn, tap }) => by('host', () => fillIn(5, { service: 'filler' }, tap('out'))));
    expect(bench.advance(60).tap('out')).toEqual([]);
    bench.inject({ host: 'a', service: 'x' }).advance(6);
    expect(bench.tap('out')).toMatchObject([{ service: 'x' }, { service: 'filler' }]);
  });

  test('keepHost holds the flag, and releaseHost gives up the opinion', () => {
    const bench = testRules(({ rule, state, split, keepHost, releaseHost, where, service, judgeTests }) => [
      where(service(/^mesos\/slave\//), judgeTests()),
      rule('hold', () => where(service('hold'), split([state('on'), keepHost({ reason: 'held' })], releaseHost()))),
    ]);
    bench.inject({ host: 'a', service: 'mesos/slave/x', state: 'ok' }, { host: 'a', service: 'hold', state: 'on' });
    expect([bench.wanted('a'), bench.reason('a')]).toEqual(['keep', 'held']);
    bench.inject({ host: 'a', service: 'hold', state: 'over' });
    expect(bench.wanted('a')).toBe('on');
    expect(bench.dropHost('a').wanted('a')).toBeUndefined();
  });

  test('a day of reports each minute is played through', () => {
    const bench = testRules('config/streams.ts');
    for (let minute = 0; minute < 1_440; minute++) {
      bench
        .inject({ host: 'a', service: 'mesos/slave/x', state: minute % 600 === 599 ? 'critical' : 'ok', ttl: 90 })
        .advance('1m');
    }
    expect(bench.wanted('a')).toBe('on');
  });
});

describe('an event without a ttl', () => {
  const rules = ({ default: defaults, index, tap }: Satellite) => defaults({ ttl: 300 }, tap('seen'), index());

  test('has the ttl that default gives it, and 60 where no rule gives one', () => {
    const bench = testRules(rules);
    bench.inject({ host: 'a1', service: 'x', state: 'ok' }, { host: 'a1', service: 'y', state: 'ok', ttl: 20 });
    expect(bench.indexed('a1', 'x')?.ttl).toBe(300);
    expect(bench.indexed('a1', 'y')?.ttl).toBe(20);
    bench.advance(299);
    expect(bench.indexed('a1', 'x')).toBeDefined();
    expect(
      testRules(() => [])
        .inject({ service: 'x' })
        .indexed('', 'x')?.ttl,
    ).toBe(60);
  });

  test('has it also after other streams have changed it', () => {
    const bench = testRules(({ default: defaults, with: set, tag, smap, index }) =>
      set(
        { state: 'ok' },
        tag(
          'x',
          smap((event) => ({ ...event, metric: 1 }), defaults({ ttl: 300 }, index())),
        ),
      ),
    );
    expect(bench.inject({ service: 'x' }).indexed('', 'x')).toMatchObject({ ttl: 300, metric: 1, tags: ['x'] });
    expect(bench.inject({ service: 'y', ttl: 60 }).indexed('', 'y')?.ttl).toBe(60);
  });

  test('has it in a recording, too', () => {
    const sent = withDefaultTtl({ service: 'x', time: 1, ttl: 60 });
    const read = new LineReader().read(eventLine(1, sent, false));
    expect(read).toMatchObject({ event: { service: 'x', ttl: 60 } });
    expect(read && 'event' in read && hasDefaultTtl(read.event)).toBe(true);
  });

  test('is one that came over HTTP or Riemann without, or with one that is no ttl', () => {
    const arrived = (ttl?: number) => fitEvent({ host: undefined, service: 'x', ttl, attributes: [] }, 1).event;
    expect([arrived(), arrived(-1), arrived(20)].map(hasDefaultTtl)).toEqual([true, true, false]);
  });
});
