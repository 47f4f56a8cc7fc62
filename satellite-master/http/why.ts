/** `/whitelist/host/{host}/why` and `…/history`: why a host is on or off, and how it came to that. */
import { type Clock, sleep } from '../../shared/clock.ts';
import { SatelliteError } from '../../shared/errors.ts';
import { escapeControls } from '../../shared/text.ts';
import type { HistoryEntry } from '../whitelist/history/index.ts';
import { unavailable } from '../whitelist/index.ts';
import type { Why } from '../whitelist/operators/index.ts';
import { JSON_OR_TEXT, type Route } from './route.ts';
import { RULE_TEXTS } from './rule-texts.ts';
import type { Services } from './services.ts';

/** `why` answers without the history when its disk takes longer. */
const MAX_HISTORY_MS = 1_000;

export function whyRoutes({ replica, history, why, clock }: Services): Route[] {
  const read = { method: 'GET', right: 'read', forms: JSON_OR_TEXT } as const;
  return [
    {
      ...read,
      path: '/whitelist/host/:host/why',
      async handle(call) {
        const host = call.host();
        if (!replica.complete) throw unavailable(replica);
        const past = await pastOf(history.of(host), clock);
        const answer = why(host);
        if (!answer) throw new SatelliteError('unknown-host', `${host} is not in the inventory`);
        const shown = { ...answer, ...originOf(answer, past) };
        return { json: shown, text: () => whyText(shown) };
      },
    },
    {
      ...read,
      path: '/whitelist/host/:host/history',
      async handle(call) {
        const host = call.host();
        const entries = await history.of(host);
        if (entries.length === 0 && !replica.get(host)) {
          if (!replica.complete) throw unavailable(replica);
          throw new SatelliteError('unknown-host', `${host} is not in the inventory, and nothing is known of it`);
        }
        return { json: entries, text: () => entries.map(historyLine).join('\n') };
      },
    },
  ];
}

async function pastOf(
  reading: Promise<readonly HistoryEntry[]>,
  clock: Clock,
): Promise<readonly HistoryEntry[] | null> {
  const answered = new AbortController();
  const late = sleep(clock, MAX_HISTORY_MS, answered.signal).then(() => null);
  try {
    return await Promise.race([reading, late]);
  } catch {
    // Logged where it was found; the reasons that this master knows are answered all the same.
    return null;
  } finally {
    answered.abort();
  }
}

const CHANGES_SHOWN = 5;

interface Origin {
  /** Unix seconds. */
  readonly since: number | null;
  readonly by: string | null;
  readonly as: string | null;
  /** null: the history could not be read. */
  readonly changes: readonly HistoryEntry[] | null;
  readonly ruleText: string | null;
  readonly ruleLink: string;
}

/** Since when the host has its flag and by whom, its last changes, and the rule in words; `past` is newest first. */
function originOf({ flag, ruleId }: Why, past: readonly HistoryEntry[] | null): Origin {
  const flip = past?.find(({ from, to }) => from !== to);
  const last = flip?.to === flag ? flip : undefined;
  return {
    since: last?.time ?? null,
    by: last?.by ?? null,
    as: last?.as ?? null,
    changes: past?.slice(0, CHANGES_SHOWN) ?? null,
    ruleText: RULE_TEXTS.get(ruleId) ?? null,
    ruleLink: `/docs/judgement#rule-${ruleId}`,
  };
}

function whyText({
  host,
  flag,
  decidedBy,
  ruleId,
  reason,
  events,
  guard,
  file,
  next,
  ...origin
}: Why & Origin): string {
  const lines = [`${host} is ${flag} (${decidedBy}, rule ${ruleId}): ${reason}`];
  const { since, by: author, as, ruleText, changes } = origin;
  if (since !== null && author !== null) lines.push(`since ${timeText(since)} by ${authorText(author, as)}`);
  if (ruleText !== null) lines.push(`rule ${ruleId}: ${ruleText}`);
  for (const { list, id, state, counts, by, description, expires } of events) {
    const author = by === null ? '' : ` by ${by}`;
    const end = expires === null ? '' : ` until ${timeText(expires)}`;
    const text = description === null ? '' : `: ${description}`;
    lines.push(`${list} ${id} ${state}${counts ? '' : ' (does not count)'}${author}${end}${text}`);
  }
  if (file) lines.push(`file: held: ${file.reason}`);
  if (guard) lines.push(`guard: ${guard.held ? 'held, ' : ''}${guard.reason}`);
  if (next?.change) lines.push(`next: ${next.change}${next.at === null ? '' : ` at ${timeText(next.at)}`}`);
  if (changes === null) lines.push('the history could not be read');
  else if (changes.length > 0) lines.push('last changes:', ...changes.map((change) => `  ${historyLine(change)}`));
  return lines.map(escapeControls).join('\n');
}

function historyLine({ time, from, to, cause, by, as, reason }: HistoryEntry): string {
  const change = `${timeText(time)} ${from ?? 'none'} -> ${to ?? 'none'} ${cause}`;
  return escapeControls(`${change} by ${authorText(by, as)}: ${reason}`);
}

function authorText(by: string, as: string | null): string {
  return as === null || as === by ? by : `${by} (as ${as})`;
}

function timeText(unixS: number): string {
  const date = new Date(unixS * 1000);
  return Number.isNaN(date.getTime()) ? String(unixS) : date.toISOString();
}
