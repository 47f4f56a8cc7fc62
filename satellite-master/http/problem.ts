/** Errors as they are answered: RFC 9457 problem details, or one line of text. */
import { randomUUID } from 'node:crypto';
import { SatelliteError } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import { escapeControls } from '../../shared/text.ts';
import { CHALLENGE } from './access.ts';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** `Retry-After`, seconds. */
const RETRY_AFTER_S: Readonly<Partial<Record<string, number>>> = {
  overloaded: 5,
  'store-unread': 2,
  'store-unavailable': 5,
};

/** A header that goes with an error: `Allow`, `Accept-Encoding`. */
export class WithHeaders extends SatelliteError {
  readonly headers: Readonly<Record<string, string>>;

  constructor(headers: Readonly<Record<string, string>>, ...error: ConstructorParameters<typeof SatelliteError>) {
    super(...error);
    this.headers = headers;
  }
}

export function headersOf(error: SatelliteError): Readonly<Record<string, string>> {
  const retryAfterS = RETRY_AFTER_S[error.code];
  return {
    ...(error.code === 'unauthorized' ? { 'www-authenticate': CHALLENGE } : {}),
    ...(error.code === 'forbidden' ? { 'www-authenticate': `${CHALLENGE}, error="insufficient_scope"` } : {}),
    ...(retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }),
    ...(error instanceof WithHeaders ? error.headers : {}),
  };
}

export function problemOf(error: SatelliteError): Readonly<Record<string, unknown>> {
  const { status, title, message: detail, code, members } = error;
  const own = { type: `urn:satellite:problem:${code}`, title, status, detail, code };
  return { ...own, ...members, ...own };
}

/** `bad-host-name: found "a b", expected …` */
export function lineOf({ code, message }: SatelliteError): string {
  return `${code}: ${escapeControls(message)}`;
}

/** Returns errors that have a code; logs anything else with its cause and hides it behind `internal`. */
export function asSatelliteError(thrown: unknown, log: Log, where: string): SatelliteError {
  if (thrown instanceof SatelliteError && thrown.code !== 'internal') return thrown;
  const instance = `urn:uuid:${randomUUID()}`;
  log.error({ err: thrown, instance, request: where }, 'request failed');
  if (thrown instanceof SatelliteError) return new SatelliteError('internal', thrown.message, { instance });
  return new SatelliteError('internal', 'see the log of this master, under the same instance', { instance });
}
