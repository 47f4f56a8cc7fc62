/** Durations as users write them: a number in the key's own unit, or a string with units. */

const SECOND = 1000;
const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', SECOND],
  ['sec', SECOND],
  ['second', SECOND],
  ['m', 60 * SECOND],
  ['min', 60 * SECOND],
  ['minute', 60 * SECOND],
  ['h', 3_600 * SECOND],
  ['hour', 3_600 * SECOND],
  ['d', 86_400 * SECOND],
  ['day', 86_400 * SECOND],
  ['w', 604_800 * SECOND],
  ['week', 604_800 * SECOND],
]);

/** What a duration has to look like, for error messages. */
export const DURATION_FORM = 'a duration such as 30, "500ms", "60s", "5m", "1m30s", "24hour", "7day" or "2week"';

/** A thousand years: beyond it arithmetic in milliseconds loses its meaning. */
const MAX_MS = 1000 * 365 * 86_400 * SECOND;

/**
 * @param value a number (in `unit`) or a string of numbers with units: "1m30s", "2weeks", in any case, so that
 *   "1M30S" is 90 seconds as in the original (M is minutes)
 * @returns milliseconds, or undefined where it is no duration
 */
export function parseDurationMs(value: unknown, unit: 'ms' | 's'): number | undefined {
  const ms =
    typeof value === 'number' ? value * (unit === 's' ? SECOND : 1) : typeof value === 'string' ? sumMs(value) : NaN;
  return Number.isFinite(ms) && ms >= 0 && ms <= MAX_MS ? ms : undefined;
}

function sumMs(text: string): number {
  const trimmed = text.trim().toLowerCase();
  if (!/^(\d+(\.\d+)?[a-z]+)+$/.test(trimmed)) return NaN;
  let total = 0;
  for (const [, amount = '', word = ''] of trimmed.matchAll(/(\d+(?:\.\d+)?)([a-z]+)/g)) {
    const unitMs =
      UNIT_MS.get(word) ?? (word.length > 3 && word.endsWith('s') ? UNIT_MS.get(word.slice(0, -1)) : undefined);
    if (unitMs === undefined) return NaN;
    total += Number(amount) * unitMs;
  }
  return total;
}

/** The shortest exact way to write it: 90000 is "1m30s". For messages. */
export function formatDuration(ms: number): string {
  if (ms < SECOND) return `${Math.round(ms)}ms`;
  let rest = Math.round(ms / SECOND);
  let text = '';
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    if (count > 0) text += `${count}${unit}`;
  }
  return text;
}
