import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FigureHistory } from '../../../satellite-master/stats/figure-history.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';
import { ask } from '../../support/ask.ts';
import { START_MS } from '../../support/harness.ts';
import { type HttpMaster, startHttpMaster } from '../../support/http-master.ts';

const NOW_S = START_MS / 1000;
const figureHistory = new FigureHistory();
const findings = [
  { kind: 'no-slave', host: 'a\u001b[2J', detail: 'registered under what is no host name' },
  { kind: 'unknown-name', host: 'b1', detail: 'its slave reports as b1', suggestion: 'b1.example' },
] as const;
let master: HttpMaster;
/** Why nothing can be said of drift. */
let blindness: string | null = null;

beforeAll(async () => {
  for (const [backS, value] of [
    [7_000, 1],
    [20, 2],
    [10, 3],
  ] as const)
    figureHistory.record(NOW_S - backS, { 'num-hosts-up': value });
  const counts = { 'no-such-agent': 0, 'no-slave': 1, 'tasks-while-off': 0, 'out-in-mesos': 0, 'unknown-name': 1 };
  const drift = async () => ({
    time: NOW_S,
    checkedAt: NOW_S,
    fresh: blindness === null,
    reason: blindness,
    withoutMesos: false,
    findings,
    counts,
  });
  master = await startHttpMaster({ clock: new ManualClock(START_MS), services: { figureHistory, drift } });
});

afterAll(() => master.close());

describe('/metrics/history', () => {
  test.each([
    ['an hour without since', '', 10, [2, 3]],
    ['a duration', '&since=2h', 60, [1, 2.5]],
    ['a duration in several units', '&since=1h59m', 60, [1, 2.5]],
    ['unix seconds', `&since=${NOW_S - 10}`, 10, [3]],
    ['unix seconds with a fraction, in the midst of a step', `&since=${NOW_S - 0.5}`, 10, [3]],
    ['the future', `&since=${NOW_S + 60}`, 10, []],
    ['all there is', '&since=0', 600, [1, 2.5]],
  ])('%s', async (_, since, step, values) => {
    const { status, json } = await ask(master.url, `/metrics/history?name=num-hosts-up${since}`);
    expect(status).toBe(200);
    const series = json as { name: string; step: number; points: [number, number][] };
    expect(series).toMatchObject({ name: 'num-hosts-up', step });
    expect(series.points.map(([, value]) => value)).toEqual(values);
    for (const [time] of series.points) expect(time % step).toBe(0);
  });

  test.each([
    ['', 400, 'bad-request'],
    ['?name=', 404, 'unknown-figure'],
    ['?name=beans', 404, 'unknown-figure'],
    ['?name=__proto__', 404, 'unknown-figure'],
    ['?name=beans&since=1h', 404, 'unknown-figure'],
  ])('a name that is not known is answered with those that are: %j', async (query, status, code) => {
    const answer = await ask(master.url, `/metrics/history${query}`);
    expect(answer).toMatchObject({ status, json: { code, known: ['num-hosts-up'] } });
  });

  test.each(['yesterday', '-5', '1e9', '6 h'])('since=%s is refused', async (since) => {
    const path = `/metrics/history?name=num-hosts-up&since=${encodeURIComponent(since)}`;
    const { status, json } = await ask(master.url, path);
    expect(status).toBe(400);
    expect((json as { detail: string }).detail).toMatch('expected unix seconds or how far back');
  });

  test('as text, a point a line', async () => {
    const accept = { accept: 'text/plain' };
    const { text } = await ask(master.url, `/metrics/history?name=num-hosts-up&since=20s`, { headers: accept });
    expect(text).toBe(`${NOW_S - 20} 2\n${NOW_S - 10} 3\n`);
  });
});

describe('/drift', () => {
  test('as JSON', async () => {
    const { json } = await ask(master.url, '/drift');
    expect(json).toMatchObject({ fresh: true, reason: null, findings, counts: { 'no-slave': 1 } });
  });

  test('as text, a finding a line, clean of control characters', async () => {
    const { text } = await ask(master.url, '/drift', { headers: { accept: 'text/plain' } });
    expect(text).toBe(
      'no-slave a\\u001b[2J: registered under what is no host name\nunknown-name b1: its slave reports as b1\n',
    );
  });

  test.each(['application/json', 'text/plain'])('while Mesos is away, not an empty answer as %s', async (accept) => {
    blindness = 'no good answer for 200 s: http://m:5050/state: does not answer';
    const { status, text } = await ask(master.url, '/drift', { headers: { accept } });
    expect(status).toBe(503);
    expect(text).toContain('drift-unknown');
    expect(text).toContain(blindness);
    if (accept === 'application/json') expect(JSON.parse(text)).toMatchObject({ checkedAt: NOW_S, findings });
    blindness = null;
  });
});
