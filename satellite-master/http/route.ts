/**
 * The parts of a resource. A resource does not know Koa: it gets a call and returns an answer. Access, negotiation, bodies
 * and errors are handled once, in application.ts.
 */
import type { ServerResponse } from 'node:http';
import type { HostName } from '../../shared/host-name.ts';
import type { Actor } from '../whitelist/operators/index.ts';
import type { Right } from './access.ts';

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

/** The forms in which an answer is available. */
export type Form = 'json' | 'text' | 'ndjson';

export interface Answer {
  /** Default 200. */
  readonly status?: number;
  readonly json: unknown;
  /** The same as text, without the final line break; called only for routes that offer text. */
  readonly text?: () => string;
  /** Text that has a content type of its own, whatever the client asked for. */
  readonly raw?: { readonly type: string; readonly text: string };
  /** Written in pieces, instead of the other forms; called when the headers are sent. */
  readonly stream?: { readonly type: string; readonly write: (response: ServerResponse) => void };
}

export interface Call {
  readonly form: Form;
  /** Who sends the request, for `changed` and for the history. */
  readonly actor: Actor;
  /** A part of the path, decoded. */
  param(name: string): string;
  /** The host in the path. @throws SatelliteError bad-host-name */
  host(): HostName;
  /** Whether the client has that right, too. */
  may(right: Right): boolean;
  /** The first value of a parameter that the route names in `query`. */
  query(name: string): string | undefined;
  /**
   * The JSON body; undefined where there is none.
   * @throws SatelliteError too-large, unsupported-media-type, bad-json, overloaded
   */
  body(): Promise<unknown>;
}

export interface Route {
  readonly method: Method;
  /** In the syntax of @koa/router. */
  readonly path: string;
  /** What a token must be allowed to do; null: open to everybody. */
  readonly right: Right | null;
  /** The first is the default; none: the answer has a type of its own. */
  readonly forms: readonly Form[];
  /** The query parameters it knows, each at most once; any other is 400. */
  readonly query?: readonly string[];
  /** Clients add parameters of their own, such as cache busters: unknown ones are counted and passed over. */
  readonly ignoresUnknownQuery?: true;
  readonly handle: (call: Call) => Answer | Promise<Answer>;
}

export const JSON_ONLY: readonly Form[] = ['json'];
/** One JSON value a line. */
export const JSON_OR_LINES: readonly Form[] = ['json', 'ndjson'];
export const JSON_OR_TEXT: readonly Form[] = ['json', 'text'];
