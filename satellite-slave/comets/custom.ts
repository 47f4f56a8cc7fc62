/** Comets that users write themselves: a module of plain functions, named by the setting `custom-comets`. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Comet, CometRun, CometTimes, Finding } from './comet.ts';

/** A comet as a user's module makes it; a lone finding may be given bare. */
export interface CustomComet {
  /** Names of its findings, below the prefix; default: the comet's name. A failed run is told under each. */
  readonly services?: readonly string[];
  /** What it throws becomes a critical event with the message as description. */
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

/** What the module has to be, for error messages. */
export const CUSTOM_COMETS_FORM =
  'a JavaScript module (.js, .mjs or .cjs) whose default export is an object {name: (params, times) => ({services, run})}';

/** @throws Error that says what is wrong with the module */
export async function loadCustomComets(path: string): Promise<ReadonlyMap<string, MakeCustomComet>> {
  const module: unknown = await import(pathToFileURL(resolve(path)).href);
  const made = module && typeof module === 'object' && 'default' in module ? module.default : undefined;
  if (!made || typeof made !== 'object') throw new Error('no object as default export');
  for (const [name, make] of Object.entries(made))
    if (typeof make !== 'function') throw new Error(`${name} is no function`);
  return new Map(Object.entries(made as CustomComets));
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
    throw new Error(`the function ${name} gave no object with a function run`);
  const custom = made as CustomComet;
  const services = custom.services ?? [name];
  if (!Array.isArray(services) || !services.every((service) => typeof service === 'string' && service !== ''))
    throw new Error(`${name}: services has to be an array of names`);
  return {
    services,
    run: async (at: CometRun): Promise<readonly Finding[]> => {
      const found: unknown = await custom.run(at);
      if (found === undefined || found === null) throw new Error('the comet gave nothing');
      return [found].flat() as Finding[];
    },
  };
}
