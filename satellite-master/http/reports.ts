/** `POST /reports`: the results of the slaves' checks. */
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
        const report = parseReports(body, { nowS: clock.wallMs() / 1000 });
        const { accepted, rejected, cut, clamped } = report;
        metrics.eventsRejected.inc(rejected.length);
        if (accepted.length === 0)
          throw new SatelliteError('no-event-accepted', `none of ${rejected.length} events was acceptable`, {
            rejected,
          });
        const refused = services.publishEvents(accepted);
        const kept = accepted.length - refused.length;
        metrics.reports.inc();
        metrics.eventsAccepted.inc(kept);
        metrics.eventsClamped.inc(clamped);
        for (const [part, count] of cut) metrics.eventsCut.inc({ part }, count);
        const all = [
          ...rejected,
          ...refused.map(({ place, reason }) => ({ index: report.places[place] ?? 0, reason })),
        ];
        all.sort((a, b) => a.index - b.index);
        if (kept === 0)
          throw new SatelliteError('overloaded', `there is no room for any of ${accepted.length} events`, {
            rejected: all,
          });
        return { status: 202, json: { accepted: kept, rejected: all } };
      },
    },
  ];
}
