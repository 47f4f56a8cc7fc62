/**
 * What a resource is made of. A resource knows no Koa: it is handed a call and gives an answer; access, negotiation,
 * bodies and errors are dealt with once, in application.ts.
 */
import type { ServerResponse } from 'node:http';
import type { HostName } from '../../shared/host-name.ts';
import type { Actor } from '../whitelist/operators/index.ts';
import type { Right } from './access.ts';

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

/** The forms in which an answer is to be had. */
export type Form = 'json' | 'text' | 'ndjson';

export interface Answer {
  /** Default 200. */
  readonly status?: number;
  readonly json: unknown;
  /** The same as text, without the line break at the end; only asked of routes that offer text. */
  readonly text?: () => string;
  /** Text that has a content type of its own, whatever the client asked for. */
  readonly raw?: { readonly type: string; readonly text: string };
  /** Written bit by bit, in the place of everything else; called when the headers are sent. */
  readonly stream?: { readonly type: string; readonly write: (response: ServerResponse) => void };
}

export interface Call {
  readonly form: Form;
  /** Who asks, for `changed` and for the history. */
  readonly actor: Actor;
  /** A part of the path, decoded. */
  param(name: string): string;
  /** The host in the path. @throws SatelliteError bad-host-name */
  host(): HostName;
  /** Whether who asks may do that, too. */
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
  /** As @koa/router takes it. */
  readonly path: string;
  /** What a token must be allowed to do; null: open to everybody. */
  readonly right: Right | null;
  /** The first is given to who does not mind; none: the answer has a type of its own. */
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
