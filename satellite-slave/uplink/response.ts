/** What an answer of a master means for the report that was sent: a pure decision, with the words for the log. */
import { parseDurationMs } from '../../shared/duration.ts';
import type { HttpAnswer } from '../../shared/http-client.ts';
import { cutToLength } from '../../shared/text.ts';

/** An event that the master will never take. */
export interface Rejection {
  /** Place in the report. */
  readonly index: number;
  readonly reason: string;
}

export type Verdict =
  /** Done with the report; what was rejected is not sent again. */
  | { readonly kind: 'taken'; readonly rejected: readonly Rejection[] }
  /** The whole report is unacceptable and is not sent again. */
  | { readonly kind: 'refused'; readonly reason: string; readonly rejected: readonly Rejection[] }
  /** Sent again in smaller parts, at once. */
  | { readonly kind: 'too-large' }
  /** Sent again after the usual wait, and not before `notBeforeMs`. */
  | { readonly kind: 'busy'; readonly reason: string; readonly notBeforeMs: number }
  /** Sent again slowly: nothing will change before somebody changes settings. */
  | { readonly kind: 'shut-out'; readonly reason: string; readonly tokenRefused: boolean };

/** A master that asks for more patience than that is asked again all the same. */
const LONGEST_RETRY_AFTER_MS = 5 * 60_000;
const LONGEST_DETAIL = 300;

/**
 * @param nowMs wall time, for a Retry-After that is a date
 * @param path what was asked, for the words
 */
export function verdictOn(answer: HttpAnswer, nowMs: number, path = '/reports'): Verdict {
  const { status } = answer;
  const body = objectIn(answer.body);
  if (status === 202 || (status === 200 && typeof body?.['accepted'] === 'number'))
    return { kind: 'taken', rejected: rejectionsIn(body) };
  const said = detailIn(body) ?? '';
  const reason = said === '' ? `answered ${status}` : `answered ${status}: ${said}`;
  const shutOut = (why: string, tokenRefused = false): Verdict => ({ kind: 'shut-out', reason: why, tokenRefused });
  switch (status) {
    case 400:
      // A proxy or another service says 400 too; only a master's own word may cost a report.
      return body === undefined
        ? shutOut(`${reason}, and not as a satellite-master does`)
        : { kind: 'refused', reason, rejected: rejectionsIn(body) };
    case 401:
    case 403:
      return shutOut(`${reason}; the token of this slave (token-file) is missing or may not report`, status === 401);
    case 404:
      return shutOut(
        `answered 404 for ${path}: this looks like an original satellite-master, or no satellite-master at all`,
      );
    case 413:
      return { kind: 'too-large' };
    case 429:
      return { kind: 'busy', reason, notBeforeMs: retryAfterMs(answer, nowMs) };
    default:
      if (status >= 500) return { kind: 'busy', reason, notBeforeMs: retryAfterMs(answer, nowMs) };
      return shutOut(`${reason}, which no satellite-master answers to a report`);
  }
}

function retryAfterMs({ headers }: HttpAnswer, nowMs: number): number {
  const value = [headers['retry-after']].flat()[0];
  if (value === undefined) return 0;
  const ms = /^\d+$/.test(value) ? parseDurationMs(Number(value), 's') : Date.parse(value) - nowMs;
  return ms === undefined || Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS);
}

function rejectionsIn(body: Readonly<Record<string, unknown>> | undefined): Rejection[] {
  const rejected = body?.['rejected'];
  if (!Array.isArray(rejected)) return [];
  return rejected.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null || !('index' in entry) || typeof entry.index !== 'number')
      return [];
    const reason = 'reason' in entry ? String(entry.reason) : 'without a reason';
    return [{ index: entry.index, reason: cutToLength(reason, LONGEST_DETAIL) }];
  });
}

/** Problem details say it in `detail`, or at least in `title`. */
function detailIn(body: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const said = body?.['detail'] ?? body?.['title'];
  return typeof said === 'string' ? cutToLength(said, LONGEST_DETAIL) : undefined;
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
