/** Options of a channel, parsed at the border: all that is wrong in one error, and never the value of a secret. */
import { accessSync, constants } from 'node:fs';
import { DURATION_FORM, parseDurationMs } from '../../../shared/duration.ts';
import { messageOf } from '../../../shared/errors.ts';
import { StreamArgumentError, shown } from '../../streams/index.ts';
import { Secret } from './secret.ts';

export class OptionReader {
  readonly #channel: string;
  readonly #options: Readonly<Record<string, unknown>>;
  readonly #readsFiles: boolean;
  readonly #known = new Set<string>();
  readonly #problems: string[] = [];

  /** @param readsFiles false: files need not be there (test benches, replay) */
  constructor(channel: string, options: unknown, readsFiles: boolean) {
    if (typeof options !== 'object' || options === null || Array.isArray(options))
      throw new StreamArgumentError(channel, `needs its options as an object, not ${shown(options)}`);
    this.#channel = channel;
    this.#options = options as Readonly<Record<string, unknown>>;
    this.#readsFiles = readsFiles;
  }

  /** @throws StreamArgumentError with everything that was found wrong, unknown options included */
  finish(): void {
    const unknown = Object.keys(this.#options).filter((name) => !this.#known.has(name));
    const problems = [...this.#problems, ...unknown.map((name) => `"${name}" is not an option of it`)];
    if (problems.length > 0) throw new StreamArgumentError(this.#channel, problems.join('; '));
  }

  wrong(name: string, expected: string): void {
    this.#problems.push(`"${name}" ${expected}`);
  }

  has(name: string): boolean {
    return this.raw(name) !== undefined;
  }

  /** For what one of the methods below does not fit. */
  raw(name: string): unknown {
    this.#known.add(name);
    return this.#options[name];
  }

  text(name: string, fallback?: string): string {
    const value = this.raw(name) ?? fallback;
    if (typeof value === 'string' && value !== '') return value;
    this.wrong(name, `must be a text, not ${shown(value)}`);
    return '';
  }

  optionalText(name: string): string | undefined {
    return this.has(name) ? this.text(name) : undefined;
  }

  texts(name: string): readonly string[] {
    const value = this.raw(name);
    const list = typeof value === 'string' ? [value] : value;
    if (Array.isArray(list) && list.length > 0 && list.every((one) => typeof one === 'string' && one !== ''))
      return list as string[];
    this.wrong(name, `must be a text or a list of texts, not ${shown(value)}`);
    return [];
  }

  /** @param secret the values are not shown */
  record(name: string, secret = false): Readonly<Record<string, string>> {
    const value = this.raw(name) ?? {};
    if (
      typeof value === 'object' &&
      !Array.isArray(value) &&
      Object.values(value).every((one) => typeof one === 'string')
    )
      return value as Readonly<Record<string, string>>;
    this.wrong(name, `must be an object of texts${secret ? '' : `, not ${shown(value)}`}`);
    return {};
  }

  flag(name: string): boolean {
    const value = this.raw(name) ?? false;
    if (typeof value !== 'boolean') this.wrong(name, `must be true or false, not ${shown(value)}`);
    return value === true;
  }

  port(name: string, fallback: number): number {
    const value = this.raw(name) ?? fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536) return value;
    this.wrong(name, `must be a port, not ${shown(value)}`);
    return fallback;
  }

  durationMs(name: string, fallbackMs: number, leastMs: number): number {
    const value = this.raw(name);
    if (value === undefined) return fallbackMs;
    const ms = parseDurationMs(value, 's');
    if (ms !== undefined && ms >= leastMs) return ms;
    this.wrong(name, `must be ${DURATION_FORM}, at least ${leastMs / 1000} s, not ${shown(value)}`);
    return fallbackMs;
  }

  oneOf<T extends string>(name: string, words: readonly T[]): T | undefined {
    const value = this.raw(name);
    if (value === undefined || words.includes(value as T)) return value as T | undefined;
    this.wrong(name, `must be one of ${words.join(', ')}, not ${shown(value)}`);
    return undefined;
  }

  optionalFunction(name: string): void {
    const value = this.raw(name);
    if (value !== undefined && typeof value !== 'function') this.wrong(name, `must be a function, not ${shown(value)}`);
  }

  /** Whole addresses may be secrets: the value is not shown. */
  url(name: string, fallback?: string): URL {
    const value = this.raw(name) ?? fallback;
    const url = typeof value === 'string' ? parseUrl(value) : undefined;
    if (url) return url;
    this.wrong(name, 'must be an address http[s]://host[:port]/... without user and password');
    return new URL('http://invalid.invalid');
  }

  /** Path of a file that can be read. */
  file(name: string): string | undefined {
    const path = this.optionalText(name);
    if (path !== undefined && this.#readsFiles) this.#tryFile(name, path, () => accessSync(path, constants.R_OK));
    return path;
  }

  secretFile(name: string): Secret | undefined {
    const file = this.optionalText(name);
    return file === undefined || file === '' ? undefined : this.secretAt(name, file);
  }

  secretAt(name: string, file: string): Secret {
    const secret = new Secret({ file });
    if (this.#readsFiles) this.#tryFile(name, file, () => secret.read());
    return secret;
  }

  #tryFile(name: string, path: string, read: () => unknown): void {
    try {
      read();
    } catch (error) {
      this.wrong(name, `can't be read from ${path}: ${messageOf(error)}`);
    }
  }
}

export function parseUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const plain = url.username === '' && url.password === '';
  return plain && (url.protocol === 'http:' || url.protocol === 'https:') ? url : undefined;
}
