/** `GET /events` and `GET /events/stream`: what the index holds, and what becomes of it. */
import { SatelliteError } from '../../shared/errors.ts';
import { type Event, eventToJson } from '../../shared/event.ts';
import { HOST_NAME_FORM, parseHostName } from '../../shared/host-name.ts';
import { byCodeUnit } from '../../shared/text.ts';
import { search } from '../events/index.ts';
import { parseQuery, type Query, QueryError } from '../events/query/index.ts';
import { shown } from '../intake/index.ts';
import type { EventStreams } from './event-stream.ts';
import { type Call, JSON_ONLY, type Route } from './route.ts';
import type { Services } from './services.ts';

export function eventRoutes({ index, clock }: Services, streams: EventStreams): Route[] {
  return [
    {
      method: 'GET',
      path: '/events',
      query: ['query', 'host'],
      right: 'read',
      forms: JSON_ONLY,
      async handle(call) {
        const query = queryOf(call);
        const events: Event[] = [];
        await refusingFaults(() =>
          search(index, query, clock, (event) => {
            events.push(event);
            return true;
          }),
        );
        return { json: { events: events.sort(byHostAndService).map(eventToJson) } };
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
        return { json: null, stream: await refusingFaults(async () => streams.prepare(query)) };
      },
    },
  ];
}

const EVERYTHING: Query = { kind: 'truth', term: { kind: 'constant', constant: true } };

/** `query`, and `host=NAME` for short; both: what fits both. */
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

/** What is wrong with a regular expression shows when it is compiled. */
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

function byHostAndService(a: Event, b: Event): number {
  return byCodeUnit(a.host ?? '', b.host ?? '') || byCodeUnit(a.service, b.service);
}
