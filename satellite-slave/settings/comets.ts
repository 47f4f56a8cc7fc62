/** The settings `comets` and `custom-comets`: what is checked, how often, and how long a check may take. */
import { parseDurationMs } from '../../shared/duration.ts';
import { messageOf } from '../../shared/errors.ts';
import { checkSettings, type Problem } from '../../shared/settings.ts';
import { nearestName } from '../../shared/typos.ts';
import {
  type Comet,
  type CometSettings,
  type CometTimes,
  CUSTOM_COMETS_FORM,
  loadCustomComets,
  type MakeCustomComet,
  makeCustomComet,
  missingProgram,
  RECIPES,
} from '../comets/index.ts';
import { collect, isObject, type Place } from './problems.ts';
import type { CometEntry } from './schema.ts';

const MIN_PERIOD_MS = 100;
const MIN_TIMEOUT_MS = 10;
const MAX_PERIOD_MS = 7 * 86_400_000;

/** The user's own comets by name. A reloaded module has another version, so that its comets are made again. */
export interface CustomComets {
  readonly comets: ReadonlyMap<string, MakeCustomComet>;
  readonly version: number;
}

const NO_CUSTOM_COMETS: CustomComets = { comets: new Map(), version: 0 };

/** The module of the user's own comets; what is wrong with it is added to `problems`. */
export async function readCustomComets(file: string, path: unknown, problems: Problem[]): Promise<CustomComets> {
  if (typeof path !== 'string' || path === '') return NO_CUSTOM_COMETS;
  const problem = (found: string, expected: string) => problems.push({ file, path: 'custom-comets', found, expected });
  try {
    const custom = await loadCustomComets(path);
    const taken = [...custom.comets.keys()].filter((name) => RECIPES.has(name));
    if (taken.length > 0) problem(taken.join(', '), 'names that no built-in comet has');
    return custom;
  } catch (error) {
    problem(`${path}: ${messageOf(error)}`, CUSTOM_COMETS_FORM);
    return NO_CUSTOM_COMETS;
  }
}

/** @returns the comet, or nothing where the entry is not valid */
export async function compileComet(
  entry: CometEntry,
  custom: CustomComets,
  place: Place,
  environment: NodeJS.ProcessEnv,
): Promise<CometSettings[]> {
  const { name, attempts } = entry;
  if (typeof name !== 'string' || name === '') return [];
  const periodMs = boundedMs(entry.period, MIN_PERIOD_MS, 'period', place);
  const timeoutMs = boundedMs(entry.timeout ?? '10s', MIN_TIMEOUT_MS, 'timeout', place);
  const retryPeriod = entry['retry-period'];
  const retryPeriodMs =
    retryPeriod === undefined ? periodMs : boundedMs(retryPeriod, MIN_PERIOD_MS, 'retry-period', place);
  const comet = makeComet(entry, custom.comets, { periodMs: periodMs ?? 0, timeoutMs: timeoutMs ?? 0 }, place);
  if (comet === undefined || periodMs === undefined || timeoutMs === undefined || retryPeriodMs === undefined)
    return [];
  place.warnings.push(...retryWarnings(entry, periodMs, retryPeriodMs, place.path));
  const missing = comet.program === undefined ? undefined : await missingProgram(comet.program, environment);
  if (missing !== undefined) place.warnings.push(`${place.path}: ${missing}; its state will be unknown`);
  return [
    {
      name,
      periodMs,
      timeoutMs: comet.timeoutMs ?? timeoutMs,
      attempts: Number.isInteger(attempts) ? attempts : 1,
      retryPeriodMs,
      comet,
      identity: JSON.stringify([entry, custom.comets.has(bareName(name)) ? custom.version : 0]),
    },
  ];
}

/** What would have no effect. */
function retryWarnings(entry: CometEntry, periodMs: number, retryPeriodMs: number, path: string): string[] {
  if (entry['retry-period'] === undefined) return [];
  if ((entry.attempts ?? 1) === 1) return [`${path}.retry-period: has no effect without attempts of 2 or more`];
  return retryPeriodMs > periodMs ? [`${path}.retry-period: has no effect, as it is longer than the period`] : [];
}

/** In ms; undefined where it is no duration, which the schema reports, or out of range. */
function boundedMs(value: unknown, minMs: number, key: string, { file, path, problems }: Place): number | undefined {
  const ms = parseDurationMs(value, 's');
  if (ms === undefined) return undefined;
  if (ms >= minMs && ms <= MAX_PERIOD_MS) return ms;
  problems.push({ file, path: `${path}.${key}`, found: JSON.stringify(value), expected: `from ${minMs}ms to 7day` });
  return undefined;
}

function makeComet(
  { name, params = {} }: CometEntry,
  custom: ReadonlyMap<string, MakeCustomComet>,
  times: CometTimes,
  { file, path, problems, warnings }: Place,
): Comet | undefined {
  if (!isObject(params)) return undefined;
  const bare = bareName(name);
  const recipe = RECIPES.get(bare);
  if (recipe) {
    const checked = collect(problems, () => checkSettings(file, params, recipe.params), `${path}.params`);
    if (checked === undefined) return undefined;
    const note = recipe.noteOn?.(checked);
    if (note !== undefined) warnings.push(`${path}.params: ${note}`);
    return recipe.make(checked);
  }
  const make = custom.get(name) ?? custom.get(bare);
  if (!make) {
    problems.push(unknownComet(file, `${path}.name`, name, [...RECIPES.keys(), ...custom.keys()]));
    return undefined;
  }
  try {
    return makeCustomComet(bare, make, params, times);
  } catch (error) {
    const expected = `what the custom comet ${bare} accepts`;
    problems.push({ file, path: `${path}.params`, found: messageOf(error), expected });
    return undefined;
  }
}

function unknownComet(file: string, path: string, name: string, known: readonly string[]): Problem {
  const near = nearestName(bareName(name), known);
  const expected = `one of ${known.join(', ')}`;
  const problem = { file, path, found: JSON.stringify(name), expected };
  return near === undefined
    ? problem
    : { ...problem, text: `${path}: unknown comet ${JSON.stringify(name)}, did you mean ${JSON.stringify(near)}?` };
}

/** The original's names have a namespace: satellite-slave.recipes/free-memory. */
function bareName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** Without an agent the comets that ask it are left out: `unknown` for ever would keep a host from being readmitted. */
export function withoutAgent(comets: readonly CometSettings[], warnings: string[]): CometSettings[] {
  const asks = (name: string) => RECIPES.get(bareName(name))?.asksAgent === true;
  for (const { name } of comets)
    if (asks(name))
      warnings.push(`the comet ${name} asks the Mesos agent, and mesos-agent-url is null: it sends no events`);
  return comets.filter(({ name }) => !asks(name));
}
