/** The settings `comets` and `custom-comets`: what is checked, how often, how long. */
import { parseDurationMs } from '../../shared/duration.ts';
import { messageOf } from '../../shared/errors.ts';
import { checkSettings, type Problem } from '../../shared/settings.ts';
import type { Comet, CometSettings, CometTimes } from '../comets/index.ts';
import {
  CUSTOM_COMETS_FORM,
  loadCustomComets,
  type MakeCustomComet,
  makeCustomComet,
  RECIPES,
} from '../comets/index.ts';
import { collect, isObject, type Place } from './place.ts';
import type { CometEntry } from './schema.ts';

const SHORTEST_PERIOD_MS = 100;
const SHORTEST_TIMEOUT_MS = 10;
const LONGEST_PERIOD_MS = 7 * 86_400_000;

/** The module of the user's own comets; what is wrong with it goes to `problems`. */
export async function readCustomComets(
  file: string,
  path: unknown,
  problems: Problem[],
): Promise<ReadonlyMap<string, MakeCustomComet>> {
  if (typeof path !== 'string' || path === '') return new Map();
  const problem = (found: string, expected: string) => problems.push({ file, path: 'custom-comets', found, expected });
  try {
    const custom = await loadCustomComets(path);
    const taken = [...custom.keys()].filter((name) => RECIPES.has(name));
    if (taken.length > 0) problem(taken.join(', '), 'names that no shipped recipe has');
    return custom;
  } catch (error) {
    problem(`${path}: ${messageOf(error)}`, CUSTOM_COMETS_FORM);
    return new Map();
  }
}

/** @returns the comet, or nothing where something is wrong with it */
export function compileComet(
  entry: CometEntry,
  custom: ReadonlyMap<string, MakeCustomComet>,
  { file, path, problems, warnings }: Place,
): CometSettings[] {
  const { name } = entry;
  if (typeof name !== 'string' || name === '') return [];
  const periodMs = boundedMs(entry.period, SHORTEST_PERIOD_MS);
  const timeoutMs = boundedMs(entry.timeout ?? '10s', SHORTEST_TIMEOUT_MS);
  const isTime = (value: unknown) => parseDurationMs(value, 's') !== undefined;
  if (periodMs === undefined && isTime(entry.period))
    problems.push({
      file,
      path: `${path}.period`,
      found: JSON.stringify(entry.period),
      expected: 'from 100ms to 7day',
    });
  if (timeoutMs === undefined && isTime(entry.timeout))
    problems.push({
      file,
      path: `${path}.timeout`,
      found: JSON.stringify(entry.timeout),
      expected: 'from 10ms to 7day',
    });
  const comet = makeComet(
    entry,
    custom,
    { periodMs: periodMs ?? 0, timeoutMs: timeoutMs ?? 0 },
    { file, path, problems, warnings },
  );
  if (comet === undefined || periodMs === undefined || timeoutMs === undefined) return [];
  return [{ name, periodMs, timeoutMs: comet.timeoutMs ?? timeoutMs, comet }];
}

function boundedMs(value: unknown, leastMs: number): number | undefined {
  const ms = parseDurationMs(value, 's');
  return ms === undefined || ms < leastMs || ms > LONGEST_PERIOD_MS ? undefined : ms;
}

function makeComet(
  { name, params = {} }: CometEntry,
  custom: ReadonlyMap<string, MakeCustomComet>,
  times: CometTimes,
  { file, path, problems, warnings }: Place,
): Comet | undefined {
  if (!isObject(params)) return undefined;
  // The original's names bear a namespace: satellite-slave.recipes/free-memory.
  const bare = name.slice(name.lastIndexOf('/') + 1);
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
    const known = [...RECIPES.keys(), ...custom.keys()].join(', ');
    problems.push({ file, path: `${path}.name`, found: JSON.stringify(name), expected: `one of ${known}` });
    return undefined;
  }
  try {
    return makeCustomComet(bare, make, params, times);
  } catch (error) {
    problems.push({
      file,
      path: `${path}.params`,
      found: messageOf(error),
      expected: `what the custom comet ${bare} takes`,
    });
    return undefined;
  }
}

/** Without an agent the comets that ask it are left out: an `unknown` for ever would keep a host from coming back. */
export function withoutAgent(comets: readonly CometSettings[], warnings: string[]): CometSettings[] {
  const asks = (name: string) => RECIPES.get(name.slice(name.lastIndexOf('/') + 1))?.asksAgent === true;
  for (const { name } of comets)
    if (asks(name))
      warnings.push(`the comet ${name} asks the Mesos agent, and mesos-agent-url is null: it sends no events`);
  return comets.filter(({ name }) => !asks(name));
}
