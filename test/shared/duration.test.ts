import { expect, test } from 'vitest';
import { formatDuration, parseDurationMs } from '../../shared/duration.ts';

test.each([
  ['60s', 60_000],
  ['60S', 60_000],
  ['1H', 3_600_000],
  ['1M30S', 90_000],
  ['5M', 300_000],
  ['500MS', 500],
  ['1D', 86_400_000],
  ['2Weeks', 1_209_600_000],
  ['1h30m', 5_400_000],
  ['1.5s', 1_500],
  ['', undefined],
  ['s', undefined],
  ['5', undefined],
  ['1x', undefined],
  ['1constructor', undefined],
  ['-1s', undefined],
])('%j is %s ms', (text, ms) => {
  expect(parseDurationMs(text, 's')).toBe(ms);
});

test('a number has the unit of its key', () => {
  expect(parseDurationMs(5, 's')).toBe(5_000);
  expect(parseDurationMs(5, 'ms')).toBe(5);
});

test.each([
  [0, '0ms'],
  [999, '999ms'],
  [90_000, '1m30s'],
  [3_600_000, '1h'],
])('%d ms are written %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
