/** `/whitelist/…`: the lists, one host, its flag by hand, its manual events. */
import { SatelliteError } from '../../shared/errors.ts';
import { MAX_SERVICE_CHARACTERS } from '../../shared/event.ts';
import { hasControlCharacters } from '../../shared/text.ts';
import { shown } from '../intake/index.ts';
import type { Operators } from '../whitelist/operators/index.ts';
import { LISTS, type Listing, type ListName } from '../whitelist/operators/index.ts';
import { parseChangeNote, parseEventChange, parseFlagChange } from './change.ts';
import { type Call, JSON_OR_TEXT, type Route } from './route.ts';
import { withWarnings } from './warnings.ts';

export function whitelistRoutes(listing: Listing, operators: Operators): Route[] {
  const host = '/whitelist/host/:host';
  const event = `${host}/event/:id`;
  const read = { method: 'GET', right: 'read', forms: JSON_OR_TEXT } as const;
  const write = { right: 'write', forms: JSON_OR_TEXT } as const;
  return [
    {
      ...read,
      path: '/whitelist/:list',
      ignoresUnknownQuery: true,
      handle(call) {
        const hosts = listing.list(listOf(call.param('list')));
        return { json: Object.fromEntries(hosts), text: () => hosts.map(([name]) => name).join('\n') };
      },
    },
    {
      ...read,
      path: host,
      ignoresUnknownQuery: true,
      handle(call) {
        const name = call.host();
        return { json: listing.record(name), text: () => listing.flag(name) };
      },
    },
    ...(['on', 'off'] as const).map(
      (flag): Route => ({
        ...write,
        method: 'PUT',
        path: `${host}/${flag}`,
        async handle(call) {
          const name = call.host();
          const change = parseFlagChange(await call.body(), flag === 'on' ? 'ok' : 'critical');
          const changed = await operators.setFlag(name, change, call.actor);
          const { record, isNewHost, flag: now, warnings } = changed;
          const answer = { status: isNewHost ? 201 : 200, json: record, text: () => `${name} is now ${now}.` };
          return withWarnings(answer, warnings);
        },
      }),
    ),
    ...(['PUT', 'POST'] as const).map(
      (method): Route => ({
        ...write,
        method,
        path: event,
        async handle(call) {
          const name = call.host();
          const id = idOf(call);
          const change = parseEventChange(await call.body());
          const { record, isNewEvent, warnings } = await operators.setEvent(name, id, change, call.actor);
          const status = method === 'POST' || isNewEvent ? 201 : 200;
          return withWarnings({ status, json: record, text: () => `${name} updated.` }, warnings);
        },
      }),
    ),
    {
      ...write,
      method: 'DELETE',
      path: event,
      async handle(call) {
        const name = call.host();
        const id = idOf(call);
        const { record } = await operators.removeEvent(name, id, parseChangeNote(await call.body()), call.actor);
        return { json: record, text: () => `${name} updated.` };
      },
    },
    {
      ...write,
      method: 'DELETE',
      path: host,
      async handle(call) {
        const name = call.host();
        const last = await operators.remove(name, parseChangeNote(await call.body()), call.actor);
        return { json: last, text: () => `${name} was removed from the whitelist.` };
      },
    },
  ];
}

function listOf(word: string): ListName {
  const name = LISTS.find((list) => list === word);
  if (!name) throw new SatelliteError('bad-list', `found ${shown(word)}, expected one of ${LISTS.join(', ')}`);
  return name;
}

function idOf(call: Call): string {
  const id = call.param('id');
  if (id.length > MAX_SERVICE_CHARACTERS || hasControlCharacters(id))
    throw new SatelliteError(
      'bad-request',
      `event id: found ${shown(id)}, expected 1-${MAX_SERVICE_CHARACTERS} characters without control characters`,
    );
  return id;
}
