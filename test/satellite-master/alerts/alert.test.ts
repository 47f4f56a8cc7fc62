import { describe, expect, it } from 'vitest';
import { type AlertOptions, alertOf } from '../../../satellite-master/alerts/alert/alert.ts';
import type { StreamEvent } from '../../../satellite-master/streams/stream.ts';

const NOW_S = 1_790_000_000;
const of = (event: StreamEvent, said: AlertOptions = {}) => alertOf(event, said, 'this-master', NOW_S);
const disk = { host: 'a1.example', service: 'disk', time: NOW_S - 5 };

describe('what a channel says of an event', () => {
  it.each<[string | undefined, AlertOptions, string | undefined, string | undefined]>([
    ['ok', {}, 'resolve', 'info'],
    ['warning', {}, 'trigger', 'warning'],
    ['critical', {}, 'trigger', 'critical'],
    ['on fire', {}, 'trigger', 'critical'],
    ['unknown', {}, 'trigger', 'warning'],
    [undefined, {}, 'trigger', 'critical'],
    ['warning', { resolveOn: ['ok', 'warning'] }, 'resolve', 'warning'],
    ['ok', { resolveOn: ['fine'] }, 'trigger', 'info'],
    ['expired', {}, 'trigger', 'error'],
    ['expired', { expired: 'resolve' }, 'resolve', 'error'],
    ['expired', { expired: 'ignore' }, undefined, undefined],
    ['ok', { heartbeat: true }, 'trigger', 'info'],
    ['critical', { severity: 'info' }, 'trigger', 'info'],
    ['critical', { severity: ({ metric = 0 }) => (metric > 9 ? 'critical' : 'warning') }, 'trigger', 'warning'],
  ])('state %s with %j: %s', (state, said, expected, severity) => {
    const alert = of({ ...disk, ...(state === undefined ? {} : { state }) }, said);
    expect([alert?.state, alert?.severity]).toEqual([expected, severity]);
  });

  it('knows a trouble by host and service, or as it is told', () => {
    expect(of({ ...disk, state: 'critical' })?.key).toBe('a1.example disk');
    expect(of({ service: 'disk', state: 'critical' })?.key).toBe(' disk');
    expect(of({ ...disk, state: 'critical' }, { key: ({ service }) => `any ${service}` })?.key).toBe('any disk');
  });

  it('carries all of the event', () => {
    const event = { ...disk, state: 'critical', metric: 0.97, description: '97 % full', attributes: { rack: 'r1' } };
    expect(of(event)).toEqual({
      key: 'a1.example disk',
      state: 'trigger',
      severity: 'critical',
      summary: 'a1.example disk is critical',
      source: 'a1.example',
      host: 'a1.example',
      service: 'disk',
      eventState: 'critical',
      description: '97 % full',
      metric: 0.97,
      timeS: NOW_S - 5,
      sinceS: NOW_S - 5,
      labels: { rack: 'r1' },
    });
  });

  it('cuts the summary within no character and no escape, and hands on no lone surrogate', () => {
    for (const character of ['😀', '\u0000', '\ud83d'])
      for (let filler = 0; filler < 7; filler++) {
        const text = `${'x'.repeat(filler)}${character.repeat(2_000)}`;
        const event = { ...disk, service: text, state: text, description: text, attributes: { [text]: text } };
        const alert = of(event, { key: () => text });
        expect(alert?.summary.length).toBeLessThanOrEqual(1_000);
        expect(alert?.summary).toMatch(/^([^\\]|\\u[0-9a-f]{4})*$/);
        expect(JSON.stringify(alert)).not.toMatch(/\\ud[89a-f]/);
      }
  });

  it('says in one line what a rule says in several, and takes now for a time that no calendar has', () => {
    const alert = of({ ...disk, time: 1e300, state: 'critical' }, { summary: () => 'one\r\nBcc: two@example.com' });
    expect(alert?.summary).toBe('one\\u000d\\u000aBcc: two@example.com');
    expect(alert?.timeS).toBe(NOW_S);
    expect(of({ service: 'x', state: 'critical' })?.source).toBe('this-master');
  });
});
