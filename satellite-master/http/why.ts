/** `/whitelist/host/{host}/why` and `…/history`: why a host is on or off, and how it came to that. */
import { SatelliteError } from '../../shared/errors.ts';
import { escapeControls } from '../../shared/text.ts';
import type { HistoryEntry } from '../whitelist/history/index.ts';
import { unavailable } from '../whitelist/index.ts';
import type { Why } from '../whitelist/operators/index.ts';
import { JSON_OR_TEXT, type Route } from './route.ts';
import { RULE_TEXTS } from './rule-texts.ts';
import type { Services } from './services.ts';

export function whyRoutes({ replica, history, why }: Services): Route[] {
  const read = { method: 'GET', right: 'read', forms: JSON_OR_TEXT } as const;
  return [
    {
      ...read,
      path: '/whitelist/host/:host/why',
      async handle(call) {
        const host = call.host();
        if (!replica.complete) throw unavailable(replica);
        const past = await history.of(host);
        const answer = why(host);
        if (!answer) throw new SatelliteError('unknown-host', `${host} is not in the inventory`);
        return { json: { ...answer, ...originOf(answer, past) }, text: () => whyText(answer) };
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

const CHANGES_SHOWN = 5;

/** Since when the host has its flag and by whom, its last changes, and the rule in words; `past` is newest first. */
function originOf({ flag, ruleId }: Why, past: readonly HistoryEntry[]) {
  const flip = past.find(({ from, to }) => from !== to);
  const last = flip?.to === flag ? flip : undefined;
  return {
    since: last?.time ?? null,
    by: last?.by ?? null,
    as: last?.as ?? null,
    changes: past.slice(0, CHANGES_SHOWN),
    ruleText: RULE_TEXTS.get(ruleId) ?? null,
    ruleLink: `/docs/judgement#rule-${ruleId}`,
  };
}

function whyText({ host, flag, decidedBy, ruleId, reason, events, guard, file, next }: Why): string {
  const lines = [`${host} is ${flag} (${decidedBy}, rule ${ruleId}): ${reason}`];
  for (const { list, id, state, counts, by, description, expires } of events) {
    const author = by === null ? '' : ` by ${by}`;
    const end = expires === null ? '' : ` until ${timeText(expires)}`;
    const text = description === null ? '' : `: ${description}`;
    lines.push(`${list} ${id} ${state}${counts ? '' : ' (does not count)'}${author}${end}${text}`);
  }
  if (file) lines.push(`file: held: ${file.reason}`);
  if (guard) lines.push(`guard: ${guard.held ? 'held, ' : ''}${guard.reason}`);
  if (next?.change) lines.push(`next: ${next.change}${next.at === null ? '' : ` at ${timeText(next.at)}`}`);
  return lines.map(escapeControls).join('\n');
}

function historyLine({ time, from, to, cause, by, as, reason }: HistoryEntry): string {
  const author = as === null || as === by ? by : `${by} (as ${as})`;
  return escapeControls(`${timeText(time)} ${from ?? 'none'} -> ${to ?? 'none'} ${cause} by ${author}: ${reason}`);
}

function timeText(unixS: number): string {
  const date = new Date(unixS * 1000);
  return Number.isNaN(date.getTime()) ? String(unixS) : date.toISOString();
}
