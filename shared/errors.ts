/** The one table of errors: the same code in logs, problem details and exit messages. */

const ERRORS = {
  'bad-request': [400, 'The request does not have the form that this resource accepts'],
  'bad-json': [400, 'The body is not valid JSON'],
  'bad-host-name': [400, 'Not a host name'],
  'bad-list': [400, 'No such list'],
  'bad-query': [400, 'The query cannot be parsed'],
  'bad-event': [400, 'The event is not valid'],
  'no-event-accepted': [400, 'None of the events was acceptable'],
  'host-check-failed': [400, 'The host did not pass host-check'],
  'reason-required': [400, 'This cluster asks for an author and a reason'],
  'no-task-accepted': [400, 'None of the tasks was acceptable'],
  unauthorized: [401, 'A token is needed'],
  forbidden: [403, 'This token may not do that'],
  'cross-site': [403, 'Refused: the request comes from a page of another site'],
  'not-found': [404, 'No such resource'],
  'unknown-host': [404, 'The host is not in the inventory'],
  'unknown-event': [404, 'The host has no such manual event'],
  'unknown-figure': [404, 'No such figure has been recorded'],
  'unknown-task': [404, 'No metadata is stored for the task'],
  'method-not-allowed': [405, 'The resource does not support this method'],
  'not-acceptable': [406, 'The resource is not available in that form'],
  outweighed: [409, 'The host would stay off'],
  'record-too-large': [409, 'The record would grow beyond its limit'],
  'broken-record': [409, 'The record in the store is broken'],
  'too-many-hosts': [409, 'The inventory is full'],
  'not-held': [409, 'The whitelist file is not held'],
  'not-confirmable': [409, 'This hold is not released by a confirmation'],
  'content-changed': [409, 'The content has changed since it was shown'],
  'too-large': [413, 'The request is too large'],
  'unsupported-media-type': [415, 'The body has to be application/json'],
  misdirected: [421, 'This service is not known under that name'],
  'headers-too-large': [431, 'The header is too large'],
  internal: [500, 'A fault in Satellite'],
  'not-implemented': [501, 'Unknown method'],
  overloaded: [503, 'Too busy to accept it now'],
  'drift-unknown': [503, 'Where whitelist and Mesos disagree is not known at present'],
  'store-unread': [503, 'The store has not been read whole yet'],
  'store-unavailable': [503, 'The store is out of reach: nothing was changed'],
  'store-uncertain': [503, 'The store did not confirm the change: read again'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ErrorCode = keyof typeof ERRORS;

/** A fault with a stable code; what is thrown across the borders of rooms. */
export class SatelliteError extends Error {
  override readonly name = 'SatelliteError';
  readonly code: ErrorCode;
  /** Further members of the problem details, e.g. the events that outweigh. */
  readonly members: Readonly<Record<string, unknown>>;

  /** @param detail one sentence for this case: what was found, and what was expected */
  constructor(
    code: ErrorCode,
    detail: string,
    members: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(detail, options);
    this.code = code;
    this.members = members;
  }

  /** HTTP status. */
  get status(): number {
    return ERRORS[this.code][0];
  }

  get title(): string {
    return ERRORS[this.code][1];
  }
}

/** The message of whatever was thrown, with its causes, on one line. */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const code =
    'code' in thrown && typeof thrown.code === 'string' && !thrown.message.includes(thrown.code)
      ? `${thrown.code}: `
      : '';
  const text = `${code}${thrown.message || thrown.name}`;
  return thrown.cause === undefined ? text : `${text} (${messageOf(thrown.cause)})`;
}
