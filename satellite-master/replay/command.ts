/** `satellite-master --replay PATH`: a captured file through the black-hole rule, a folder through rules modules. */
import { readFileSync, statSync } from 'node:fs';
import { formatDuration } from '../../shared/duration.ts';
import { messageOf } from '../../shared/errors.ts';
import { escapeControls } from '../../shared/text.ts';
import type { JudgementSettings } from '../judgement/index.ts';
import type { Thresholds } from '../rules/black-hole/index.ts';
import { RulesError } from '../rules/module/index.ts';
import { type Captured, NoStateError, tasksOfCaptured } from './captured.ts';
import { replayRecording } from './recording-command.ts';
import { type Episode, linesOf, replay } from './replay.ts';

/** Thrown when the path can't be replayed; its message names it and says why. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError';
}

export interface ReplayOptions {
  readonly thresholds: Thresholds;
  readonly judgement: JudgementSettings;
  /** Rules modules named on the command line, for a recording. */
  readonly streams: readonly string[];
  /** The rules module that the settings name: it runs when the command line names none. */
  readonly configuredStreams?: string;
  readonly json: boolean;
  /** Gets what a reader of JSON lines should know beside them: which rules ran, where the settings name them. */
  readonly note?: (line: string) => void;
}

/** A captured state holds tasks and no reports: no rules module has anything to do. */
const BLACK_HOLE_RULES = 'rules: black holes only (a captured state holds no reports for a rules module)';

/**
 * @returns what to print, lines with `\n`
 * @throws ReplayError
 */
export async function replayPath(path: string, options: ReplayOptions): Promise<string> {
  const { thresholds, judgement, streams: named, configuredStreams, json, note = () => undefined } = options;
  try {
    if (!statSync(path).isDirectory()) {
      if (named.length > 0) throw new NoStateError("a file: '--streams' is for recordings, which are folders");
      if (json && configuredStreams !== undefined) note(BLACK_HOLE_RULES);
      return replayFile(path, thresholds, { json });
    }
    const streams = named.length > 0 || configuredStreams === undefined ? named : [configuredStreams];
    if (json && streams !== named) note(`rules: ${configuredStreams}`);
    const lines = await replayRecording({ dir: path, streams, judgement, json });
    return lines.map((line) => `${line}\n`).join('');
  } catch (error) {
    if (error instanceof ReplayError) throw error;
    if (error instanceof RulesError) throw new ReplayError(error.message);
    throw new ReplayError(`${path}: ${messageOf(error)}`);
  }
}

/**
 * @returns what to print, lines with `\n`
 * @throws ReplayError
 */
export function replayFile(path: string, thresholds: Thresholds, { json }: { readonly json: boolean }): string {
  const captured = read(path);
  const episodes = replay(captured.tasks, thresholds);
  const lines = json ? linesOf(episodes).map((line) => JSON.stringify(line)) : table(captured, episodes, thresholds);
  return lines.map((line) => `${line}\n`).join('');
}

function read(path: string): Captured {
  try {
    return tasksOfCaptured(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ReplayError(`${path}: ${error instanceof NoStateError ? error.message : messageOf(error)}`);
  }
}

function table({ tasks, timeless }: Captured, episodes: readonly Episode[], thresholds: Thresholds): string[] {
  const hosts = new Set(tasks.map(({ host }) => host)).size;
  const times = tasks.flatMap(({ statuses }) => statuses.map(({ timeS }) => timeS));
  const [from, to] = [least(times), -least(times.map((time) => -time))];
  const when = times.length > 0 ? `, ${timeText(from)} to ${timeText(to)}` : '';
  const without = timeless > 0 ? ` (and ${timeless} without a time)` : '';
  const lines = [
    `${tasks.length} tasks${without} on ${hosts} hosts${when}; window ${formatDuration(thresholds.windowS * 1000)}`,
    BLACK_HOLE_RULES,
  ];
  if (episodes.length === 0) return [...lines, 'Nobody would have been blamed.'];
  lines.push('', `${'FROM'.padEnd(16)}  ${'TO'.padEnd(16)}  ${'VERDICT'.padEnd(17)}  WHO AND WHY`);
  for (const episode of episodes) {
    const name = escapeControls(episode.host ?? episode.application ?? '');
    const verdict = !episode.blamed
      ? 'host not blamed'
      : episode.kind === 'host'
        ? 'HOST BLACK HOLE'
        : 'APPLICATION FAILS';
    lines.push(`${timeText(episode.from)}  ${timeText(episode.to)}  ${verdict.padEnd(17)}  ${name}: ${episode.reason}`);
  }
  return lines;
}

function least(times: readonly number[]): number {
  return times.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

/** UTC, to the minute. */
function timeText(unixS: number): string {
  const date = new Date(unixS * 1000);
  return Number.isNaN(date.getTime()) ? String(unixS) : date.toISOString().slice(0, 16).replace('T', ' ');
}
