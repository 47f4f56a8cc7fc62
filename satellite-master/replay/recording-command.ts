/** `satellite-master --replay FOLDER`: plays the recording with one rules module or two, and prints what they did. */
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { ManualClock } from '../../shared/manual-clock.ts';
import { escapeControls } from '../../shared/text.ts';
import type { JudgementSettings } from '../judgement/index.ts';
import { defaultModule, loadRulesModule, type RulesModule } from '../rules/module/index.ts';
import { type Difference, differencesOf } from './difference.ts';
import { type PlaybackSummary, playBack } from './playback.ts';
import { Recording } from './recording.ts';
import { type EffectReports, reportedEffects } from './reported-effects.ts';
import { SimulatedMaster, type Turn } from './simulated-master.ts';

/** Different faults of a module that are printed. */
const MAX_FAULTS = 20;
/** Names the simulated master in what it writes. */
const SELF = 'satellite-master';

export interface RecordingReplay {
  readonly dir: string;
  /** Rules modules, two at the most; none: the default rules. */
  readonly streams: readonly string[];
  readonly judgement: JudgementSettings;
  readonly json: boolean;
}

/** What one module did. */
interface Outcome {
  readonly module: RulesModule;
  readonly turns: Turn[];
  readonly alerts: SentAlert[];
  readonly faults: Map<string, number>;
}

interface SentAlert {
  readonly time: number;
  readonly host?: string;
  readonly reason: string;
}

/**
 * @returns what to print, lines without their end
 * @throws NoRecordingError, RulesError, or what the file system throws
 */
export async function replayRecording({ dir, streams, judgement, json }: RecordingReplay): Promise<string[]> {
  const modules = streams.length === 0 ? [defaultModule] : streams.map(loadRulesModule);
  // Before hours are read it is known whether they can be built.
  for (const module of modules) simulationOf(outcomeOf(module), judgement, new ManualClock()).stop();
  const outcomes = modules.map(outcomeOf);
  const recording = new Recording(dir);
  const played = await playBack(recording.batches(), (clock) =>
    outcomes.map((outcome) => simulationOf(outcome, judgement, clock)),
  );
  const [first, second] = outcomes;
  if (!first) return [];
  if (json && second) return differencesOf(first.turns, second.turns).map(differenceJson).map(asLine);
  if (json) return [...first.turns.map(turnJson), ...first.alerts.map(alertJson)].sort(byTime).map(asLine);
  const head = [...headOf(recording, played), ...outcomes.flatMap(faultsOf)];
  if (!second) return [...head, `rules: ${first.module.name}`, ...table(first)];
  const names = `A is ${first.module.name}, B is ${second.module.name}`;
  return [...head, names, ...differenceTable(differencesOf(first.turns, second.turns))];
}

function outcomeOf(module: RulesModule): Outcome {
  return { module, turns: [], alerts: [], faults: new Map() };
}

function simulationOf(
  { module, turns, alerts, faults }: Outcome,
  settings: JudgementSettings,
  clock: Clock,
): SimulatedMaster {
  const reports: EffectReports = {
    alerted: ({ channel, state, summary, host }) =>
      alerts.push({
        time: clock.wallMs() / 1000,
        ...(host === undefined ? {} : { host }),
        reason: `${channel} ${state}: ${summary}`,
      }),
    forwarded: () => undefined,
    logged: () => undefined,
    fault(stream, error, place) {
      const text = `${place ?? module.name}: ${stream} threw: ${messageOf(error)}`;
      if (faults.has(text) || faults.size < MAX_FAULTS) faults.set(text, (faults.get(text) ?? 0) + 1);
    },
  };
  return new SimulatedMaster({
    settings,
    module,
    effects: reportedEffects(reports, SELF),
    self: SELF,
    clock,
    turned: (turn) => turns.push(turn),
  });
}

function byTime(a: { readonly time: number }, b: { readonly time: number }): number {
  return a.time - b.time;
}

function alertJson({ time, host, reason }: SentAlert) {
  return { time, kind: 'alert', ...(host === undefined ? {} : { host }), reason };
}

function faultsOf({ faults }: Outcome): string[] {
  return [...faults].map(([text, times]) => `${escapeControls(text)}${times > 1 ? ` (${times} times)` : ''}`);
}

function asLine(value: object): string {
  return JSON.stringify(value);
}

function turnJson({ time, host, from, to, reason }: Turn) {
  return { time, kind: 'turn', host, from, to, reason };
}

function differenceJson(difference: Difference) {
  const { kind, turn, second } = difference;
  const line = { ...turnJson(turn), kind };
  return second ? { ...line, second: { time: second.time, reason: second.reason } } : line;
}

function headOf({ files, remarks }: Recording, played: PlaybackSummary): string[] {
  const { events, hosts, fromS, toS, restarts, dropped, decided } = played;
  const when = fromS === undefined || toS === undefined ? '' : `, ${timeText(fromS)} to ${timeText(toS)}`;
  const lines = [`${count(files, 'file')}, ${count(events, 'event')} of ${count(hosts, 'host')}${when}`];
  if (restarts > 0) lines.push(`the master restarted ${restarts === 1 ? 'once' : `${restarts} times`}`);
  if (dropped > 0) lines.push(`the recording misses ${count(dropped, 'event')}`);
  if (!decided) lines.push('the store was not read while it was recorded: nothing could be decided');
  return [...lines, ...remarks.map(escapeControls)];
}

function table({ turns, alerts }: Outcome): string[] {
  const sent = alerts.length > 0 ? [`${count(alerts.length, 'alert')} would have been sent: see --json`] : [];
  if (turns.length === 0) return [...sent, 'No host would have been turned off or on.'];
  const rows = turns.map(({ time, host, from, to, reason }) => [timeText(time), host, flags(from, to), reason]);
  return [...sent, ...aligned([['TIME', 'HOST', 'FLAG', 'WHY'], ...rows])];
}

function differenceTable(differences: readonly Difference[]): string[] {
  if (differences.length === 0) return ['Both turn the same hosts at the same times for the same reasons.'];
  const rows = differences.map(({ kind, turn, second }) => {
    const { time, host, from, to, reason } = turn;
    const row = [timeText(time), host, flags(from, to)];
    if (!second) return [...row, kind === 'only-in-first' ? 'only A' : 'only B', reason];
    const later = second.time === time ? '' : `at ${timeText(second.time)} `;
    return [...row, 'both', `A: ${reason}; B: ${later}${second.reason}`];
  });
  return aligned([['TIME', 'HOST', 'FLAG', 'IN', 'WHY'], ...rows]);
}

function flags(from: Turn['from'], to: Turn['to']): string {
  return `${from ?? 'none'} -> ${to ?? 'none'}`;
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => rows.reduce((most, row) => Math.max(most, row[at]?.length ?? 0), 0));
  return rows.map((row) =>
    escapeControls(row.map((text, at) => (at === row.length - 1 ? text : text.padEnd(widths[at] ?? 0))).join('  ')),
  );
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function timeText(unixS: number): string {
  const date = new Date(Math.round(unixS * 1000));
  return Number.isNaN(date.getTime()) ? String(unixS) : date.toISOString();
}
