import { describe, expect, test } from 'vitest';
import { type Difference, differencesOf } from '../../../satellite-master/replay/difference.ts';
import { playBack } from '../../../satellite-master/replay/playback.ts';
import type { RecordedLine } from '../../../satellite-master/replay/recording-lines.ts';
import { reportedEffects } from '../../../satellite-master/replay/reported-effects.ts';
import { SimulatedMaster, type Turn } from '../../../satellite-master/replay/simulated-master.ts';
import { defaultModule } from '../../../satellite-master/rules/module/module.ts';
import { emptyRecord, type HostRecord } from '../../../satellite-master/whitelist/record/record.ts';
import { FIRST_MS, host, hosts, MAX_MS, START_MS } from '../../support/harness.ts';

const START_S = START_MS / 1000;
const BEAT_S = 12;
const ON: HostRecord = { ...emptyRecord, 'managed-flag': 'on' };

const began = (at: number): RecordedLine => ({ at: START_S + at, note: 'began', version: 'test' });
const whole = (at: number): RecordedLine => ({ at: START_S + at, note: 'whole' });
const said = (at: number, name: string, state: string): RecordedLine => ({
  at: START_S + at,
  event: { host: host(name), service: 'mesos/slave/disk', state, time: START_S + at, ttl: 60 },
});
const record = (at: number, name: string, stored: HostRecord | null, snapshot = true): RecordedLine => ({
  at: START_S + at,
  note: 'record',
  host: host(name),
  createdMs: START_MS,
  record: stored,
  ...(snapshot ? { snapshot } : {}),
});

/** All hosts say `ok` with every beat, those named something else for a while. */
function* beats(names: readonly string[], fromS: number, toS: number, ill: Readonly<Record<string, string>> = {}) {
  for (let at = fromS; at < toS; at += BEAT_S) for (const name of names) yield said(at, name, ill[name] ?? 'ok');
}

async function* batches(lines: readonly RecordedLine[]): AsyncIterable<readonly RecordedLine[]> {
  for (let at = 0; at < lines.length; at += 100) yield lines.slice(at, at + 100);
}

async function play(lines: readonly RecordedLine[]) {
  const turns: Turn[] = [];
  const settings = { offShare: 0.3, readmitAfter: { firstMs: FIRST_MS, maxMs: MAX_MS } };
  const nothing = () => undefined;
  const effects = reportedEffects({ alerted: nothing, forwarded: nothing, logged: nothing, fault: nothing }, 'test');
  const played = await playBack(batches(lines), (clock) => [
    new SimulatedMaster({
      settings,
      module: defaultModule,
      effects,
      self: 'test',
      clock,
      turned: (turn) => turns.push(turn),
    }),
  ]);
  return { played, turns, told: turns.map(({ time, host: name, to }) => [time - START_S, name, to]) };
}

const NAMES = hosts(10);
const [FIRST = host('h1.example'), SECOND = host('h2.example')] = NAMES;
const head = [began(0), ...NAMES.map((name) => record(0, name, ON)), whole(0)];

describe('a recording played again', () => {
  test('hosts go off at the first critical, and come back after a minute of fitness', async () => {
    const lines = [
      ...head,
      ...beats(NAMES, 0, 60),
      ...beats(NAMES, 60, 120, { [FIRST]: 'critical' }),
      ...beats(NAMES, 120, 240),
    ];
    const { told, turns, played } = await play(lines);
    expect(told).toEqual([
      [60, FIRST, 'off'],
      [180, FIRST, 'on'],
    ]);
    expect(turns.map(({ reason }) => reason)).toEqual([
      'mesos/slave/disk critical',
      'readmitted after 1m of fitness without a break',
    ]);
    expect(played).toMatchObject({ events: 200, hosts: 10, fromS: START_S, toS: START_S + 228, decided: true });
  });

  test('a silent host goes off when its ttl has run out, and the guard holds back a fourth', async () => {
    const ill = Object.fromEntries(NAMES.slice(0, 4).map((name) => [name, 'critical']));
    const guarded = await play([...head, ...beats(NAMES, 0, 24), ...beats(NAMES, 24, 60, ill)]);
    expect(guarded.told).toEqual(NAMES.slice(0, 3).map((name) => [24, name, 'off']));
    const silent = await play([...head, ...beats(NAMES, 0, 24), ...beats(NAMES.slice(1), 24, 120)]);
    expect(silent.told).toEqual([[expect.closeTo(72, 0), FIRST, 'off']]);
  });

  test('a stall of the recorded master puts expiries off, and a restart forgets what was heard', async () => {
    const stall: RecordedLine = { at: START_S + 100, note: 'stalled', ms: 80_000 };
    const stalled = await play([...head, ...beats([FIRST], 0, 24), stall, ...beats([FIRST], 100, 148)]);
    expect(stalled.told).toEqual([]);
    const slept = await play([...head, ...beats([FIRST], 0, 24), ...beats([FIRST], 100, 148)]);
    expect(slept.told).toEqual([[expect.closeTo(72, 0), FIRST, 'off']]);
    const anew = [
      ...head,
      ...beats(NAMES, 0, 24, { [FIRST]: 'critical' }),
      ...beats(NAMES, 24, 70),
      began(71),
      ...beats(NAMES, 72, 144),
    ];
    const { told, played } = await play(anew);
    expect(told).toEqual([
      [0, FIRST, 'off'],
      [132, FIRST, 'on'],
    ]);
    expect(played.restarts).toBe(1);
  });

  test('what operators did is no turn of the rules, but counts: a deleted host is new, a manual off stays', async () => {
    const manual = { ...ON, 'manual-events': { manual: { state: 'critical', time: START_S } } };
    const lines = [
      ...head,
      ...beats(NAMES, 0, 24),
      record(24, FIRST, manual, false),
      record(24, SECOND, null, false),
      ...beats(NAMES, 25, 49),
    ];
    const { told, turns } = await play(lines);
    expect(told).toEqual([[25, SECOND, 'on']]);
    expect(turns[0]).toMatchObject({ from: null, cause: 'first-report' });
  });

  test('without the records at its head it begins with none; with a head that never ends nothing is decided', async () => {
    expect((await play([...beats([FIRST], 0, 24)])).told).toEqual([[0, FIRST, 'on']]);
    const { told, played } = await play([began(0), ...beats([FIRST], 0, 24)]);
    expect(told).toEqual([]);
    expect(played.decided).toBe(false);
  });

  test('a wall clock that was set moves no expiry', async () => {
    const set: RecordedLine = { at: START_S - 3_600 + 24, note: 'clock', ms: -3_600_000 };
    const lines = [...head, ...beats(NAMES, 0, 24), set, ...beats(NAMES, -3_576, -3_528)];
    expect((await play(lines)).told).toEqual([]);
  });
});

describe('the difference between two rules', () => {
  const turn = (time: number, name: string, to: 'on' | 'off', reason = 'why'): Turn => ({
    time,
    host: host(name),
    from: to === 'on' ? 'off' : 'on',
    to,
    cause: 'tests',
    reason,
  });
  const kinds = (all: readonly Difference[]) => all.map(({ kind, turn: { time, host: name } }) => [kind, time, name]);

  test.each<[string, readonly Turn[], readonly Turn[], unknown]>([
    ['the same', [turn(1, 'a.x', 'off')], [turn(1.5, 'a.x', 'off')], []],
    ['another time', [turn(1, 'a.x', 'off')], [turn(31, 'a.x', 'off')], [['differs', 1, 'a.x']]],
    ['another reason', [turn(1, 'a.x', 'off')], [turn(1, 'a.x', 'off', 'not')], [['differs', 1, 'a.x']]],
    ['only the first', [turn(1, 'a.x', 'off')], [], [['only-in-first', 1, 'a.x']]],
    [
      'too far apart',
      [turn(1, 'a.x', 'off')],
      [turn(5_000, 'a.x', 'off')],
      [
        ['only-in-first', 1, 'a.x'],
        ['only-in-second', 5_000, 'a.x'],
      ],
    ],
    [
      'a relapse more',
      [turn(1, 'a.x', 'off'), turn(90, 'a.x', 'on'), turn(100, 'a.x', 'off'), turn(300, 'a.x', 'on')],
      [turn(1, 'a.x', 'off'), turn(300, 'a.x', 'on')],
      [
        ['differs', 90, 'a.x'],
        ['only-in-first', 100, 'a.x'],
        ['only-in-first', 300, 'a.x'],
      ],
    ],
    [
      'hosts apart',
      [turn(2, 'b.x', 'off')],
      [turn(1, 'a.x', 'off')],
      [
        ['only-in-second', 1, 'a.x'],
        ['only-in-first', 2, 'b.x'],
      ],
    ],
  ])('%s', (_, first, second, wanted) => {
    expect(kinds(differencesOf(first, second))).toEqual(wanted);
  });
});
