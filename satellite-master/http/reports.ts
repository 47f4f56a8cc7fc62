/** `POST /reports`: what slaves have found out. */
import { SatelliteError } from '../../shared/errors.ts';
import { parseReports } from '../intake/index.ts';
import { JSON_ONLY, type Route } from './route.ts';
import type { Services } from './services.ts';

export function reportRoutes(services: Services): Route[] {
  const { metrics, clock } = services;
  return [
    {
      method: 'POST',
      path: '/reports',
      right: 'report',
      forms: JSON_ONLY,
      async handle(call) {
        const body = await call.body();
        if (body === undefined) throw new SatelliteError('bad-request', 'found no body, expected a report');
        const { accepted, rejected, cut, clamped } = parseReports(body, { nowS: clock.wallMs() / 1000 });
        metrics.eventsRejected.inc(rejected.length);
        if (accepted.length === 0)
          throw new SatelliteError('no-event-accepted', `none of ${rejected.length} events was acceptable`, {
            rejected,
          });
        services.takeEvents(accepted);
        metrics.reports.inc();
        metrics.eventsAccepted.inc(accepted.length);
        metrics.eventsClamped.inc(clamped);
        for (const [part, count] of cut) metrics.eventsCut.inc({ part }, count);
        return { status: 202, json: { accepted: accepted.length, rejected } };
      },
    },
  ];
}
