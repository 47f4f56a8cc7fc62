/** Comets that users write themselves: a module of plain functions, which the setting `custom-comets` names. */
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readSmallFile } from '../../shared/small-file.ts';
import type { Comet, CometRun, CometTimes, Finding } from './comet.ts';
import { UnknownStateError } from './unknown-state-error.ts';

/** A comet as a user's module makes it; a single finding needs no array. */
export interface CustomComet {
  /** Names of its findings, below the prefix; default: the comet's name. A failed run is reported under each. */
  readonly services?: readonly string[];
  /** An error becomes a critical event with the message as description. */
  run(at: CometRun): Promise<readonly Finding[] | Finding> | readonly Finding[] | Finding;
}

/**
 * Makes a comet from the `params` of its settings; what it throws is reported as wrong settings.
 * @example
 * // comets.mjs; in the settings: "custom-comets": "comets.mjs" and a comet {"name": "gpus", "period": "60s", "params": {"least": 4}}
 * export default {
 *   gpus: ({ least }) => ({
 *     services: ['gpus'],
 *     async run({ command }) {
 *       const { output } = await command(['nvidia-smi', '--list-gpus']);
 *       const metric = output.split('\n').filter(Boolean).length;
 *       return [{ service: 'gpus', metric, state: metric >= least ? 'ok' : 'critical' }];
 *     },
 *   }),
 * };
 */
export type MakeCustomComet = (params: Readonly<Record<string, unknown>>, times: CometTimes) => CustomComet;

/** The default export of a module of custom comets. */
export type CustomComets = Readonly<Record<string, MakeCustomComet>>;

/** The form of the module, for error messages. */
export const CUSTOM_COMETS_FORM =
  'a module (.ts, .js, .mjs or .cjs) whose default export is an object {name: (params, times) => ({services, run})}';

let loads = 0;

/**
 * Loads the file as it is now, also when an earlier version of it is loaded already.
 * @throws Error that says what is wrong with the module
 */
export async function loadCustomComets(
  path: string,
): Promise<{ readonly comets: ReadonlyMap<string, MakeCustomComet>; readonly version: number }> {
  const file = resolve(path);
  // An import cannot be given up where the file system hangs.
  await readSmallFile(file);
  const version = ++loads;
  const module = await load(file, version);
  const made = module && typeof module === 'object' && 'default' in module ? module.default : undefined;
  if (!made || typeof made !== 'object') throw new Error('no object as default export');
  for (const [name, make] of Object.entries(made))
    if (typeof make !== 'function') throw new Error(`${name} is not a function`);
  return { comets: new Map(Object.entries(made as CustomComets)), version };
}

/** The loader of TypeScript takes 10 MB, and is itself loaded only where it is needed. */
async function load(file: string, version: number): Promise<unknown> {
  if (!['.ts', '.mts', '.cts'].includes(extname(file)))
    return await import(`${pathToFileURL(file).href}${version === 1 ? '' : `?version=${version}`}`);
  const { createJiti } = await import('jiti');
  return await createJiti(import.meta.url, { moduleCache: false, fsCache: false }).import(file);
}

/** @throws Error where the function throws or gives no comet */
export function makeCustomComet(
  name: string,
  make: MakeCustomComet,
  params: Readonly<Record<string, unknown>>,
  times: CometTimes,
): Comet {
  const made: unknown = make(params, times);
  if (!made || typeof made !== 'object' || !('run' in made) || typeof made.run !== 'function')
    throw new Error(`the function ${name} returned no object with a function run`);
  const custom = made as CustomComet;
  const services = custom.services ?? [name];
  if (!Array.isArray(services) || !services.every((service) => typeof service === 'string' && service !== ''))
    throw new Error(`${name}: services must be an array of names`);
  return {
    services,
    run: async (at: CometRun): Promise<readonly Finding[]> => {
      const found: unknown = await custom.run(at);
      if (found === undefined || found === null) throw new UnknownStateError('the comet returned nothing');
      return [found].flat() as Finding[];
    },
  };
}
