import { beforeEach, describe, expect, it } from 'vitest';
import { alertOf } from '../../../satellite-master/alerts/alert/alert.ts';
import { Channel, FORGET_AFTER_MS, MAX_OPEN } from '../../../satellite-master/alerts/channel.ts';
import type { Term } from '../../../satellite-master/alerts/needs-sending.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';

const HOUR = 3_600_000;
let clock: ManualClock;
let term: Term;
let room: number;
let forgotten: number;
let said: string[];
let channel: Channel;

beforeEach(() => {
  clock = new ManualClock(1_790_000_000_000);
  term = 1;
  room = 1000;
  forgotten = 0;
  said = [];
  channel = new Channel({
    clock,
    term: () => term,
    repeatMs: 4 * HOUR,
    room: () => room,
    forgotten: () => forgotten++,
    send: ({ key, state, severity }, reason) => said.push(`${key.trim()} ${state} ${severity}: ${reason}`),
  });
});

function tell(service: string, state: string): void {
  const alert = alertOf({ service, state }, {}, 'self', clock.wallMs() / 1000);
  if (alert) channel.ingest(alert);
}

/** @returns what was said since the last look */
function news(): string[] {
  return said.splice(0);
}

/** In the steps of a master's ticks. */
function pass(ms: number, stepMs = 60_000): void {
  for (let left = ms; left > 0; left -= stepMs) {
    clock.advance(Math.min(stepMs, left));
    channel.tick();
  }
}

describe('a channel of the leader', () => {
  it('says that a trouble begins and ends, once each', () => {
    for (const state of ['ok', 'critical', 'critical', 'ok', 'ok']) tell('disk', state);
    expect(news()).toEqual(['disk trigger critical: first', 'disk resolve critical: resolved']);
    expect(channel.size).toBe(0);
  });

  it('says again every four hours what is open, whether or not it is heard of', () => {
    tell('heard', 'critical');
    tell('quiet', 'critical');
    news();
    for (let hours = 0; hours < 4; hours++) {
      expect(news()).toEqual([]);
      pass(HOUR - 60_000);
      tell('heard', 'critical');
      pass(60_000);
    }
    expect(news().sort()).toEqual(['heard trigger critical: repeat', 'quiet trigger critical: repeat']);
  });

  it('says when a trouble grows worse, once; its end bears the severity that was said', () => {
    for (const state of ['warning', 'critical', 'warning', 'critical', 'ok']) tell('disk', state);
    expect(news()).toEqual([
      'disk trigger warning: first',
      'disk trigger critical: worse',
      'disk resolve critical: resolved',
    ]);
  });

  it('keeps the time at which the trouble began', () => {
    const since: number[] = [];
    const watching = new Channel({
      clock,
      term: () => 1,
      repeatMs: HOUR,
      room: () => 1,
      forgotten: () => undefined,
      send: ({ sinceS, timeS }) => since.push(timeS - sinceS),
    });
    for (const state of ['critical', 'critical', 'ok']) {
      const alert = alertOf({ service: 'disk', state }, {}, 'self', clock.wallMs() / 1000);
      if (alert) watching.ingest(alert);
      clock.advance(2 * HOUR);
    }
    expect(since).toEqual([0, 7200, 14_400]);
  });

  it('forgets after a week what nobody speaks of any more', () => {
    tell('disk', 'critical');
    pass(FORGET_AFTER_MS + 4 * HOUR, HOUR);
    expect([channel.size, forgotten]).toEqual([0, 1]);
    news();
    tell('disk', 'ok');
    expect(news()).toEqual([]);
  });

  it('knows a bounded number of troubles', () => {
    for (let at = 0; at <= MAX_OPEN; at++) tell(`s${at}`, 'critical');
    expect([channel.size, forgotten]).toEqual([MAX_OPEN, 1]);
  });
});

describe('a channel while another master leads', () => {
  beforeEach(() => {
    term = undefined;
  });

  it('says nothing, and what is open as soon as this master leads', () => {
    tell('disk', 'critical');
    tell('swap', 'critical');
    pass(9 * HOUR);
    expect(news()).toEqual([]);
    term = 1;
    channel.lead();
    expect(news()).toEqual(['disk trigger critical: hand-over', 'swap trigger critical: hand-over']);
    tell('disk', 'critical');
    channel.tick();
    expect(news()).toEqual([]);
    tell('disk', 'ok');
    expect(news()).toEqual(['disk resolve critical: resolved']);
  });

  it('says the end of what ended just before, for the other may not have', () => {
    tell('disk', 'critical');
    tell('swap', 'critical');
    tell('disk', 'ok');
    pass(100_000, 1000);
    tell('swap', 'ok');
    pass(30_000, 1000);
    term = 1;
    channel.lead();
    expect(news()).toEqual(['swap resolve critical: hand-over']);
  });

  it('lets no end of before follow upon a trouble that began anew', () => {
    for (const state of ['critical', 'ok', 'critical']) tell('disk', state);
    term = 1;
    channel.lead();
    expect(news()).toEqual(['disk trigger critical: hand-over']);
  });

  it('says again what it said when it led before', () => {
    term = 1;
    tell('disk', 'critical');
    term = undefined;
    channel.tick();
    term = 2;
    channel.lead();
    expect(news()).toEqual(['disk trigger critical: first', 'disk trigger critical: hand-over']);
  });

  it('hands over only what there is room for, and the rest with the ticks', () => {
    for (let at = 0; at < 5; at++) tell(`s${at}`, 'critical');
    term = 1;
    room = 0;
    channel.lead();
    expect(news()).toEqual([]);
    room = 1;
    channel.tick();
    expect(news()).toHaveLength(5);
    channel.tick();
    expect(news()).toEqual([]);
  });
});
