/** An answer as Mesos gives one, and the errors in its words. */

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Pieces of one text. */
  readonly parts: Iterable<string>;
}

export const OK: Answer = { status: 200, parts: [] };

export function json(body: unknown): Answer {
  return jsonParts([JSON.stringify(body)]);
}

export function jsonParts(parts: Iterable<string>): Answer {
  return { status: 200, headers: { 'content-type': 'application/json' }, parts };
}

export function text(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, parts: [body] };
}

export const NOT_FOUND = text(404, '404 Not Found.');
export const NO_LEADER = text(503, 'No leader elected');

/** The mistakes that Mesos's HTTP answers with 400. */
export class BadRequest extends Error {}
