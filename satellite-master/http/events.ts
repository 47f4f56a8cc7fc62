/** `GET /events` and `GET /events/stream`: the events of the index, and its changes. */
import type { ServerResponse } from 'node:http';
import { SatelliteError } from '../../shared/errors.ts';
import { type Event, eventToJson } from '../../shared/event.ts';
import { HOST_NAME_FORM, parseHostName } from '../../shared/host-name.ts';
import { JsonTextError, parseJsonText } from '../../shared/json-text.ts';
import { type EventPlace, pageOf, placeOf, search } from '../events/index.ts';
import { compileQuery, parseQuery, type Query, QueryError } from '../events/query/index.ts';
import { shown } from '../intake/index.ts';
import type { EventStreams } from './event-stream.ts';
import { type Answer, type Call, JSON_OR_LINES, type Route } from './route.ts';
import type { Services } from './services.ts';
import { SlowWriter } from './slow-writer.ts';

const DEFAULT_LIMIT = 1_000;
const MAX_LIMIT = 10_000;

export function eventRoutes({ index, clock, log }: Services, streams: EventStreams): Route[] {
  return [
    {
      method: 'GET',
      path: '/events',
      query: ['query', 'host', 'limit', 'cursor'],
      right: 'read',
      forms: JSON_OR_LINES,
      async handle(call) {
        const query = queryOf(call);
        if (call.form === 'ndjson') return lines(call, query);
        const limit = limitOf(call.query('limit'));
        const after = placeIn(call.query('cursor'));
        const { events, hasMore } = await refusingFaults(() => pageOf(index, query, { limit, after }, clock));
        const last = events.at(-1);
        const next = hasMore && last ? cursorOf(placeOf(last)) : null;
        return { json: null, stream: { type: JSON_TYPE, write: (response) => void writePage(response, events, next) } };
      },
    },
    {
      method: 'GET',
      path: '/events/stream',
      query: ['query', 'host'],
      right: 'read',
      forms: [],
      async handle(call) {
        const query = queryOf(call);
        const write = await refusingFaults(async () => streams.prepare(query));
        return { json: null, stream: { type: 'text/event-stream; charset=utf-8', write } };
      },
    },
  ];

  /** Streams all events that match, in the order in which they are found. */
  async function lines(call: Call, query: Query): Promise<Answer> {
    for (const name of ['limit', 'cursor'])
      if (call.query(name) !== undefined)
        throw new SatelliteError('bad-request', `${name}: found with application/x-ndjson, which has all events`);
    await refusingFaults(async () => compileQuery(query));
    const write = (response: ServerResponse) => {
      const writer = new SlowWriter(response);
      const found = (event: Event) => {
        writer.add(`${JSON.stringify(eventToJson(event))}\n`);
        return !writer.isOver;
      };
      search(index, query, clock, found, async () => {
        if (writer.isFull) await writer.flush();
      })
        .then(() => writer.end())
        .catch((error: unknown) => {
          log.error({ err: error }, 'list of events failed');
          response.destroy();
        });
    };
    return { json: null, stream: { type: 'application/x-ndjson; charset=utf-8', write } };
  }
}

const JSON_TYPE = 'application/json; charset=utf-8';

/** Serializes one event after another: each may have 36 KiB. */
async function writePage(response: ServerResponse, events: readonly Event[], next: string | null): Promise<void> {
  const writer = new SlowWriter(response);
  await writer.write('{"events":[');
  for (const [at, event] of events.entries()) {
    if (writer.isOver) return;
    await writer.write(`${at === 0 ? '' : ','}${JSON.stringify(eventToJson(event))}`);
  }
  await writer.end(`],"next":${JSON.stringify(next)}}\n`);
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new SatelliteError('bad-request', `limit: found ${shown(text)}, expected 1 to ${MAX_LIMIT}`);
}

function cursorOf({ host, service }: EventPlace): string {
  return Buffer.from(JSON.stringify([host, service])).toString('base64url');
}

function placeIn(cursor: string | undefined): EventPlace | undefined {
  if (cursor === undefined) return undefined;
  try {
    const value = parseJsonText(Buffer.from(cursor, 'base64url').toString('utf8'));
    const [host, service] = Array.isArray(value) ? (value as unknown[]) : [];
    if (typeof host === 'string' && typeof service === 'string') return { host, service };
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
  }
  throw new SatelliteError('bad-request', `cursor: found ${shown(cursor)}, expected the "next" of an answer`);
}

const EVERYTHING: Query = { kind: 'truth', term: { kind: 'constant', constant: true } };

/** `query`, or `host=NAME` for short; with both, both must match. */
function queryOf(call: Call): Query {
  const text = call.query('query');
  const host = call.query('host');
  if (host !== undefined && !parseHostName(host))
    throw new SatelliteError('bad-host-name', `host: found ${shown(host)}, expected ${HOST_NAME_FORM}`);
  const query = text === undefined ? EVERYTHING : parse(text);
  if (host === undefined) return query;
  const left = { kind: 'field', name: 'host' } as const;
  const ofHost: Query = { kind: 'compare', operator: '=', left, right: { kind: 'text', text: host } };
  return { kind: 'and', parts: [ofHost, query] };
}

function parse(text: string): Query {
  try {
    return parseQuery(text);
  } catch (error) {
    throw asRefusal(error);
  }
}

/** Faults in regular expressions show only when the query is compiled. */
async function refusingFaults<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asRefusal(error);
  }
}

function asRefusal(error: unknown): unknown {
  return error instanceof QueryError
    ? new SatelliteError('bad-query', `query, ${error.message}`, { column: error.column })
    : error;
}
