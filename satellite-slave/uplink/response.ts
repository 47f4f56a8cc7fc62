/** What a master's answer means for the batch that was sent: a pure decision, with the reason for the log. */
import { parseDurationMs } from '../../shared/duration.ts';
import type { HttpAnswer } from '../../shared/http-client.ts';
import type { Rejection, SendOutcome } from '../../shared/sending/index.ts';
import { cutToLength } from '../../shared/text.ts';

/** A longer Retry-After is cut to this. */
const MAX_RETRY_AFTER_MS = 5 * 60_000;
const MAX_DETAIL = 300;

/**
 * @param nowMs wall time, for a Retry-After that is a date
 * @param path what was asked, for the reason
 */
export function outcomeOf(answer: HttpAnswer, nowMs: number, path = '/reports'): SendOutcome {
  const { status } = answer;
  const body = objectIn(answer.body);
  if (status === 202 || (status === 200 && typeof body?.['accepted'] === 'number'))
    return { kind: 'accepted', rejected: rejectionsIn(body) };
  const detail = detailIn(body);
  const reason = detail === undefined ? `answered ${status}` : `answered ${status}: ${detail}`;
  const denied = (why: string): SendOutcome => ({ kind: 'denied', reason: why, credentialsChanged: false });
  switch (status) {
    case 400:
      // A proxy or another service answers 400, too: only a master's own answer makes the slave drop a report.
      return body === undefined
        ? denied(`${reason}, not in the form of a satellite-master`)
        : { kind: 'refused', reason, rejected: rejectionsIn(body) };
    case 401:
      return denied(`${reason}; the token in \`token-file\` is missing or unknown to this master`);
    case 403:
      return denied(`${reason}; the token in \`token-file\` may not report`);
    case 404:
      return denied(
        `answered 404 for ${path}: this looks like an original satellite-master, or no satellite-master at all`,
      );
    case 413:
      return { kind: 'too-large' };
    case 421:
      return denied(`${reason}; add the name in this slave's \`satellites\` to the master's \`allowed-hosts\``);
    case 429:
      return { kind: 'busy', reason, notBeforeMs: retryAfterMs(answer, nowMs) };
    default:
      if (status >= 500) return { kind: 'busy', reason, notBeforeMs: retryAfterMs(answer, nowMs) };
      return denied(`${reason}, which is no answer of a satellite-master`);
  }
}

function retryAfterMs({ headers }: HttpAnswer, nowMs: number): number {
  const value = [headers['retry-after']].flat()[0];
  if (value === undefined) return 0;
  const ms = /^\d+$/.test(value) ? parseDurationMs(Number(value), 's') : Date.parse(value) - nowMs;
  return ms === undefined || Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}

function rejectionsIn(body: Readonly<Record<string, unknown>> | undefined): Rejection[] {
  const rejected = body?.['rejected'];
  if (!Array.isArray(rejected)) return [];
  return rejected.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null || !('index' in entry) || typeof entry.index !== 'number')
      return [];
    const reason = 'reason' in entry ? String(entry.reason) : 'no reason given';
    return [{ index: entry.index, reason: cutToLength(reason, MAX_DETAIL) }];
  });
}

/** Problem details have a `detail`, or at least a `title`. */
function detailIn(body: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const detail = body?.['detail'] ?? body?.['title'];
  return typeof detail === 'string' && detail !== '' ? cutToLength(detail, MAX_DETAIL) : undefined;
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
