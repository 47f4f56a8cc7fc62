import { describe, expect, it } from 'vitest';
import {
  HAND_OVER_DOUBT_MS,
  type LastSent,
  needsSending,
  type Standing,
} from '../../../satellite-master/alerts/needs-sending.ts';

const MINUTE = 60_000;
/** Critical since minute 10, now minute 20, this master leads in its second term. */
const open: Standing = {
  state: 'trigger',
  severity: 'critical',
  sinceMs: 10 * MINUTE,
  begunIn: 2,
  nowMs: 20 * MINUTE,
  term: 2,
  repeatMs: 60 * MINUTE,
};
const over: Standing = { ...open, state: 'resolve' };
const said: LastSent = { state: 'trigger', severity: 'critical', atMs: 10 * MINUTE, term: 2 };

describe('whether a channel says something', () => {
  it.each<[string, LastSent | undefined, Standing, boolean, string]>([
    ['a trouble that begins', undefined, open, true, 'first'],
    ['one that was said', said, open, false, 'unchanged'],
    ['one that was said an hour ago', said, { ...open, nowMs: 70 * MINUTE }, true, 'repeat'],
    ['one that was said almost an hour ago', said, { ...open, nowMs: 70 * MINUTE - 1 }, false, 'unchanged'],
    ['one that grew worse', { ...said, severity: 'warning' }, open, true, 'worse'],
    ['one that grew better', said, { ...open, severity: 'warning' }, false, 'unchanged'],
    ['one that begins anew', { ...said, state: 'resolve' }, open, true, 'first'],
    ['one that is over', said, over, true, 'resolved'],
    ['one whose end was said', { ...said, state: 'resolve' }, over, false, 'unchanged'],
    ['an open one while another leads', undefined, { ...open, term: undefined }, false, 'not-leading'],
    ['the end of one while another leads', said, { ...over, term: undefined }, false, 'not-leading'],
    ['an open one from before this master led', undefined, { ...open, begunIn: undefined }, true, 'hand-over'],
    ['one that it said when it led before', { ...said, term: 1 }, { ...open, begunIn: 1 }, true, 'hand-over'],
    ['one from before, said since', said, { ...open, begunIn: undefined }, false, 'unchanged'],
    [
      'an end shortly before this master led',
      undefined,
      { ...over, begunIn: undefined, nowMs: over.sinceMs + HAND_OVER_DOUBT_MS },
      true,
      'hand-over',
    ],
    [
      'an end long before this master led',
      undefined,
      { ...over, begunIn: undefined, nowMs: over.sinceMs + HAND_OVER_DOUBT_MS + 1 },
      false,
      'unchanged',
    ],
  ])('%s', (_case, last, now, send, reason) => {
    expect(needsSending(last, now)).toEqual({ send, reason });
  });
});
