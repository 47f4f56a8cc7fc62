/** `GET /events`: what the index holds. */
import { SatelliteError } from '../../shared/errors.ts';
import { type Event, eventToJson } from '../../shared/event.ts';
import { HOST_NAME_FORM, parseHostName } from '../../shared/host-name.ts';
import { byCodeUnit } from '../../shared/text.ts';
import { shown } from '../intake/schema.ts';
import { JSON_ONLY, type Route } from './route.ts';
import type { Services } from './services.ts';

export function eventRoutes({ index }: Services): Route[] {
  return [
    {
      method: 'GET',
      path: '/events',
      right: 'read',
      forms: JSON_ONLY,
      handle(call) {
        if (call.query('query') !== undefined)
          throw new SatelliteError('bad-request', 'queries are not built yet: leave query away, or say host=NAME');
        const host = call.query('host');
        if (host !== undefined && !parseHostName(host))
          throw new SatelliteError('bad-host-name', `host: found ${shown(host)}, expected ${HOST_NAME_FORM}`);
        const entries = host === undefined ? index.all() : index.ofHost(host);
        const events = Array.from(entries, ({ event }) => event).sort(byHostAndService);
        return { json: { events: events.map(eventToJson) } };
      },
    },
  ];
}

function byHostAndService(a: Event, b: Event): number {
  return byCodeUnit(a.host ?? '', b.host ?? '') || byCodeUnit(a.service, b.service);
}
