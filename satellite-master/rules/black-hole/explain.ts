/** The words of the verdicts: always with the figures that decided. */
import { formatDuration } from '../../../shared/duration.ts';
import { escapeControls } from '../../../shared/text.ts';
import type { ApplicationResult } from './comparison.ts';
import { type Cell, type Counts, sumOf, wellOf } from './counts.ts';
import type { AgentErrors, Thresholds } from './verdict.ts';

/** So many are named. */
const NAMED = 3;

export function countsText({ started, failed, finished, settled }: Readonly<Counts>, { windowS }: Thresholds): string {
  const running = settled > 0 ? `, ${settled} running well` : '';
  return `in ${formatDuration(windowS * 1000)} ${started} started, ${failed} failed, ${finished} finished${running}`;
}

export function comparedReason(
  working: readonly ApplicationResult[],
  thresholds: Thresholds,
  errors: AgentErrors,
  chance: number,
): string {
  const named = [...working].sort((a, b) => a.chance - b.chance).map(resultText);
  const odds = chance < 1e-9 ? 'below 1e-9' : `about ${chance.toPrecision(1)}`;
  return `black hole: ${bySum(working, thresholds)}: ${listed(named)}; by chance: ${odds}${errorsText(errors)}`;
}

export function severalReason(
  failing: readonly ApplicationResult[],
  thresholds: Thresholds,
  errors: AgentErrors,
): string {
  const named = failing.map(({ cell }) => `${shown(cell.application)} ${cell.counts.failed}`);
  return `black hole: ${bySum(failing, thresholds)}: nothing works here, ${failing.length} different applications fail (${listed(named)}), none of which fails elsewhere${errorsText(errors)}`;
}

export function stillReason(
  failing: readonly ApplicationResult[],
  thresholds: Thresholds,
  errors: AgentErrors,
): string {
  const named = failing.map(({ cell }) => `${shown(cell.application)} ${cell.counts.failed}`);
  return `black hole: ${bySum(failing, thresholds)}: still failing here: ${listed(named)}${errorsText(errors)}`;
}

export function clearedReason(
  counts: Readonly<Counts>,
  results: readonly ApplicationResult[],
  thresholds: Thresholds,
): string {
  const named = results
    .filter(({ cell }) => cell.counts.failed > 0)
    .sort((a, b) => b.cell.counts.failed - a.cell.counts.failed)
    .map(excuseText);
  return `not blamed: ${countsText(counts, thresholds)}, but ${listed(named)}`;
}

/** @param hosts on which the application ran, with those that are to blame */
export function applicationReason(cells: readonly Cell[], hosts: number, thresholds: Thresholds): string {
  const counts = sumOf(cells);
  const bad = cells.filter((cell) => cell.counts.failed > 0);
  const named = bad
    .sort((a, b) => b.counts.failed - a.counts.failed)
    .map(({ host, counts: { failed } }) => `${host} ${failed}`);
  const trials = counts.failed + wellOf(counts);
  const where =
    cells.length > 1
      ? `on ${bad.length} of ${cells.length} hosts (${listed(named)}): it fails everywhere, no host is blamed for it`
      : hosts > 1
        ? `on ${cells[0]?.host}, the only host it ran on that is not to blame`
        : `on ${cells[0]?.host}, the only host it ran on: there is nothing to compare with, no host is blamed for it`;
  return `${counts.failed} of ${trials} tasks failed in ${formatDuration(thresholds.windowS * 1000)} ${where}`;
}

function resultText({ cell, trials, failures, ...elsewhere }: ApplicationResult): string {
  const { failed } = cell.counts;
  const all = trials - failures + failed;
  const { failedElsewhere, trialsElsewhere, hostsElsewhere } = elsewhere;
  return `${shown(cell.application)} failed ${failed} of ${all} here, ${failedElsewhere} of ${trialsElsewhere} on ${hosts(hostsElsewhere)}`;
}

function excuseText(result: ApplicationResult): string {
  const { cell, kind, failures, failedElsewhere, trialsElsewhere, hostsElsewhere } = result;
  const name = shown(cell.application);
  if (kind === 'fails')
    return `${name} fails elsewhere too (${failedElsewhere} of ${trialsElsewhere} on ${hosts(hostsElsewhere)})`;
  if (failures < cell.counts.failed) return `of ${name} the same few instances fail, which went well nowhere`;
  if (kind === 'alone') return `${name} ran nowhere else`;
  return `${resultText(result)}: not clearly more`;
}

function bySum(results: readonly ApplicationResult[], thresholds: Thresholds): string {
  return countsText(sumOf(results.map(({ cell }) => cell)), thresholds);
}

function errorsText({ launch, own }: AgentErrors): string {
  const parts = [
    launch > 0 ? `${launch} containers not launched` : '',
    own > 0 ? `${own} errors of recovery or of destroying containers` : '',
  ].filter((part) => part !== '');
  return parts.length > 0 ? `; the agent counts ${parts.join(' and ')}` : '';
}

function hosts(count: number): string {
  return count === 1 ? '1 other host' : `${count} other hosts`;
}

function listed(parts: readonly string[]): string {
  const rest = parts.length - NAMED;
  return [...parts.slice(0, NAMED), ...(rest > 0 ? [`and ${rest} more`] : [])].join(', ');
}

/** Names of tasks are anybody's text. */
function shown(name: string): string {
  return escapeControls(name);
}
