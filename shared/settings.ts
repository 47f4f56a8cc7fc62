/**
 * Loading a settings file: JSON checked against a schema. Everything that is wrong is reported at once, each problem
 * with file, JSON path, what was found and what is expected.
 */
import { readFileSync } from 'node:fs';
import { Ajv, type ErrorObject } from 'ajv';
import { DURATION_FORM, parseDurationMs } from './duration.ts';
import { messageOf } from './errors.ts';
import { HOST_NAME_FORM, parseHostName } from './host-name.ts';
import { JsonTextError, parseJsonText } from './json-text.ts';
import { cutToLength, escapeControls } from './text.ts';
import { nearestName } from './typos.ts';

/** One thing that is wrong with the settings. */
export interface Problem {
  readonly file: string;
  /** As in `comets[2].period`; empty for the file as a whole. */
  readonly path: string;
  readonly found: string;
  readonly expected: string;
  /** Where `found …, expected …` would not say it well: the whole text behind the file's name. */
  readonly text?: string;
}

/** Thrown when the settings can't be used; lists every problem. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(problemText).join('\n'));
    this.problems = problems;
  }
}

export function problemText({ file, path, found, expected, text }: Problem): string {
  return `${file}: ${text ?? `${path === '' ? 'the file' : path}: found ${found}, expected ${expected}`}`;
}

/**
 * A schema may use, beside JSON Schema, `duration: true`, `hostName: true`, `regularExpression: true`, `refused: "why and what instead"` (only null passes)
 * and `expected: "…"` (the words for the message when anything about this value is wrong).
 */
const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true, useDefaults: true, verbose: true });
ajv.addKeyword('expected');
ajv.addKeyword({
  keyword: 'duration',
  type: ['number', 'string'],
  errors: false,
  validate: (_schema: boolean, value: unknown) => parseDurationMs(value, 's') !== undefined,
});
ajv.addKeyword({
  keyword: 'hostName',
  type: 'string',
  errors: false,
  validate: (_schema: boolean, value: string) => parseHostName(value) !== undefined,
});
ajv.addKeyword({ keyword: 'regularExpression', type: 'string', errors: false, validate: compiles });
ajv.addKeyword({ keyword: 'refused', errors: false, validate: (_schema: string, value: unknown) => value === null });

/**
 * Reads and checks one settings file; keys that are absent get the schema's defaults.
 * @throws SettingsError with every problem found
 */
export function readSettings<T>(file: string, schema: object): T {
  return checkSettings<T>(file, parseJson(file), schema);
}

/** As {@link readSettings}, for a value that is already in memory. It is filled up in place. */
export function checkSettings<T>(file: string, value: unknown, schema: object): T {
  const validate = ajv.compile<T>(schema);
  if (validate(value)) return value;
  throw new SettingsError(problemsOf(file, validate.errors ?? []));
}

/**
 * As {@link readSettings}, but returns the problems instead of throwing them, so that a caller can check more and
 * report everything at once. `sound` says whether nothing is wrong below any of these top keys.
 * @throws SettingsError only where the file can't be read or is no JSON
 */
export function inspectSettings<T>(
  file: string,
  schema: object,
): { readonly value: T; readonly problems: Problem[]; readonly sound: (...keys: (keyof T & string)[]) => boolean } {
  const value = parseJson(file);
  const validate = ajv.compile<T>(schema);
  const problems = validate(value) ? [] : problemsOf(file, validate.errors ?? []);
  const wrong = new Set(problems.map(({ path }) => path.split(/[.[]/)[0] ?? ''));
  // Only keys that are sound may be looked at; the type holds for them.
  return { value: value as T, problems, sound: (...keys) => !wrong.has('') && keys.every((key) => !wrong.has(key)) };
}

function compiles(_schema: boolean, pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

function parseJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new SettingsError([{ file, path: '', found: messageOf(error), expected: 'a readable JSON file' }]);
  }
  return parseSettingsText(file, text);
}

/** @throws SettingsError with line and column where the text is no JSON */
export function parseSettingsText(file: string, text: string): unknown {
  try {
    return parseJsonText(text);
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    const { message: found } = error;
    throw new SettingsError([{ file, path: '', found, expected: 'valid JSON', text: `not valid JSON: ${found}` }]);
  }
}

function problemsOf(file: string, errors: readonly ErrorObject[]): Problem[] {
  const problems = new Map<string, Problem>();
  for (const error of errors) {
    // The anyOf reports better than each of its branches that did not match.
    if (/\/(anyOf|oneOf)\/\d+/.test(error.schemaPath) || error.keyword === 'if') continue;
    const problem = problemOf(file, error);
    if (!problems.has(problem.path)) problems.set(problem.path, problem);
  }
  return [...problems.values()];
}

function problemOf(file: string, error: ErrorObject): Problem {
  const path = readablePath(error.instancePath);
  const params: Readonly<Record<string, unknown>> = error.params;
  const below = (key: unknown) => (path === '' ? String(key) : `${path}.${key}`);
  if (error.keyword === 'additionalProperties') {
    const key = params['additionalProperty'];
    const properties = (error.parentSchema?.['properties'] ?? {}) as Readonly<Record<string, object>>;
    const known = Object.keys(properties).filter((name) => !('refused' in (properties[name] ?? {})));
    return unknownKey(file, path, String(key), known);
  }
  if (error.keyword === 'required') {
    const key = params['missingProperty'];
    const properties = (error.parentSchema?.['properties'] ?? {}) as Readonly<Record<string, { expected?: string }>>;
    return { file, path: below(key), found: 'nothing', expected: properties[String(key)]?.expected ?? 'a value' };
  }
  return { file, path, found: shown(error.data), expected: expectedOf(error) };
}

/** @param path of the object that has the key */
function unknownKey(file: string, path: string, key: string, known: readonly string[]): Problem {
  const near = nearestName(key, known);
  const expected = known.length === 0 ? 'no keys here' : `one of ${known.join(', ')}`;
  const hint = near === undefined ? `, expected ${expected}` : `, did you mean \`${near}\`?`;
  const at = path === '' ? '' : `${path}: `;
  return {
    file,
    path: path === '' ? key : `${path}.${key}`,
    found: 'an unknown key',
    expected,
    text: `${at}unknown key \`${escapeControls(key)}\`${hint}`,
  };
}

function expectedOf(error: ErrorObject): string {
  const parent: Readonly<Record<string, unknown>> = error.parentSchema ?? {};
  if (typeof parent['refused'] === 'string') return parent['refused'];
  if (typeof parent['expected'] === 'string') return parent['expected'];
  if (parent['duration']) return DURATION_FORM;
  if (parent['hostName']) return HOST_NAME_FORM;
  if (error.keyword === 'enum')
    return `one of ${(parent['enum'] as unknown[]).map((word) => JSON.stringify(word)).join(', ')}`;
  if (error.keyword === 'type') return [parent['type']].flat().join(' or ');
  return error.message?.replace(/^must /, 'to ') ?? error.keyword;
}

function readablePath(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part, at) => (/^\d+$/.test(part) ? `[${part}]` : at === 0 ? part : `.${part}`))
    .join('');
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${cutToLength(text, 77)}...` : text;
}
