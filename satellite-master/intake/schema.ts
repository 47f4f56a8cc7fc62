/** Checks input against a schema and describes the first fault: which field, what was found, what is expected. */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { DURATION_FORM, parseDurationMs } from '../../shared/duration.ts';
import { cutToLength, escapeControls } from '../../shared/text.ts';

/**
 * A schema may use, beside JSON Schema, `expected: "…"` (the words for the message when the value does not fit)
 * `longest: n` (UTF-16 units, as `length` counts; ajv's own `maxLength` walks the text)
 * and `duration: true` (seconds or a string with units, above zero).
 */
const ajv = new Ajv({ strict: true, allowUnionTypes: true, verbose: true });
ajv.addKeyword('expected');
ajv.addKeyword({
  keyword: 'longest',
  type: 'string',
  errors: false,
  validate: (most: number, value: string) => value.length <= most,
});
ajv.addKeyword({
  keyword: 'duration',
  type: ['number', 'string'],
  errors: false,
  validate: (_schema: boolean, value: unknown) => (parseDurationMs(value, 's') ?? 0) > 0,
});

export function compile<T>(schema: object): ValidateFunction<T> {
  return ajv.compile<T>(schema);
}

/** The first fault of a check that has just failed, as in `ttl: found -1, expected seconds above 0`. */
export function faultOf(validate: ValidateFunction): string {
  const error = validate.errors?.[0];
  if (!error) return 'not valid';
  const parent: Readonly<Record<string, unknown>> = error.parentSchema ?? {};
  const path = error.instancePath.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');
  if (error.keyword === 'required')
    return `${nameOf(path, missing(error))}: found nothing, expected ${wordsFor(error)}`;
  if (error.keyword === 'additionalProperties')
    return `${nameOf(path, escapeControls(String(error.params['additionalProperty'])))}: an unknown key, expected one of ${Object.keys((parent['properties'] ?? {}) as object).join(', ')}`;
  return `${nameOf(path, '')}: found ${shown(error.data)}, expected ${expectation(error, parent)}`;
}

/** A value for a message: short, and on one line. */
export function shown(value: unknown): string {
  // JSON has no infinity, but a number such as 1e999 is read as one.
  const text = typeof value === 'number' ? String(value) : escapeControls(JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${cutToLength(text, 77)}...` : text;
}

function nameOf(path: string, key: string): string {
  const name = [path, key].filter((part) => part !== '').join('.');
  return name === '' ? 'the body' : shortened(escapeControls(name));
}

function shortened(name: string): string {
  return name.length > 80 ? `${cutToLength(name, 77)}...` : name;
}

function missing(error: ErrorObject): string {
  return String(error.params['missingProperty']);
}

function wordsFor(error: ErrorObject): string {
  const properties = (error.parentSchema?.['properties'] ?? {}) as Readonly<Record<string, { expected?: string }>>;
  return properties[missing(error)]?.expected ?? 'a value';
}

function expectation(error: ErrorObject, parent: Readonly<Record<string, unknown>>): string {
  if (typeof parent['expected'] === 'string') return parent['expected'];
  if (parent['duration']) return `${DURATION_FORM}, above 0`;
  if (error.keyword === 'type') return [parent['type']].flat().join(' or ');
  return error.message?.replace(/^must /, 'it to ') ?? error.keyword;
}
