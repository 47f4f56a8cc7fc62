/**
 * Loads rules modules: TypeScript and JavaScript at run time, each time again with every file of its own that it
 * imports. What comes from node_modules is loaded once.
 */
import { existsSync, readFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createJiti } from 'jiti';
import defaultRules from '../../../config/streams.ts';
import type { Rules } from '../api/index.ts';
import { problemOf, RulesError } from './rules-error.ts';
import { callsHostAction, lineOfDefaultExport } from './source.ts';

export interface RulesModule {
  /** For people: the path as it stands in the settings. */
  readonly name: string;
  readonly rules: Rules;
  /** Absolute paths of the module and of all that it imported of its own; a change in one of them is a change of it. */
  readonly files: readonly string[];
  /** `file:line` of the default export. */
  readonly exportPlace?: string;
  /** It exports `withoutHostJudgement = true`: that no rule of it judges hosts is intended. */
  readonly withoutHostJudgement?: boolean;
  /** One of its functions turns hosts on or off by name, when an event comes. */
  readonly callsHostAction?: boolean;
}

/** What runs when `streams` is absent: config/streams.ts, compiled with the rest. */
export const defaultModule: RulesModule = { name: 'the default rules', rules: defaultRules, files: [] };

const EXTENSIONS: ReadonlySet<string> = new Set(['.ts', '.mts', '.js', '.mjs']);

/** Here as source and as built alike. */
const OWN = extname(import.meta.url);
const own = (file: string) => fileURLToPath(new URL(`${file}${OWN}`, import.meta.url));
const OWN_FOLDERS = ['../../', '../../../shared/'].map((folder) => fileURLToPath(new URL(folder, import.meta.url)));

/** Loaded once, and no file of the user's: what is installed, and Satellite itself. */
function isInstalled(file: string): boolean {
  return file.includes('/node_modules/') || OWN_FOLDERS.some((folder) => file.startsWith(folder));
}

/**
 * @param path from the working directory
 * @throws RulesError
 */
export function loadRulesModule(path: string): RulesModule {
  const file = resolve(path);
  const fail = (text: string) => new RulesError([{ place: path, text }], [file]);
  if (!EXTENSIONS.has(extname(file))) throw fail('expected a module that ends in .ts, .js or .mjs');
  if (!existsSync(file)) throw fail('no such file');
  const jiti = createJiti(import.meta.url, {
    fsCache: false,
    interopDefault: false,
    // A module beside no node_modules finds this very Satellite under its name.
    alias: { 'satellite/testing': own('../../testing/index'), 'satellite/recipes': own('../recipes/index') },
  });
  const known = new Set(Object.keys(jiti.cache));
  let loaded: unknown;
  let fault: { readonly error: unknown } | undefined;
  try {
    loaded = jiti(file);
  } catch (error) {
    fault = { error };
  }
  const files = [file];
  for (const one of Object.keys(jiti.cache)) {
    if (known.has(one) || isInstalled(one)) continue;
    if (one !== file) files.push(one);
    // Read again the next time.
    delete jiti.cache[one];
  }
  if (fault) throw new RulesError([problemOf(fault.error, files, path)], files);
  const { default: rules, withoutHostJudgement = false } = (loaded ?? {}) as Exports;
  if (typeof rules !== 'function')
    throw new RulesError(
      [
        {
          place: path,
          text: `${rules === undefined ? 'no default export' : 'the default export is no function'}: expected export default (satellite) => [streams]`,
        },
      ],
      files,
    );
  const texts = files.map((one) => readFileSync(one, 'utf8'));
  const line = lineOfDefaultExport(texts[0] ?? '');
  const exportPlace = line === undefined ? path : `${file}:${line}`;
  if (typeof withoutHostJudgement !== 'boolean')
    throw new RulesError([{ place: exportPlace, text: 'withoutHostJudgement must be true or false' }], files);
  return {
    name: path,
    rules: rules as Rules,
    files,
    exportPlace,
    withoutHostJudgement,
    callsHostAction: texts.some(callsHostAction),
  };
}

interface Exports {
  readonly default?: unknown;
  readonly withoutHostJudgement?: unknown;
}
