/** `/metrics/history`: past values of the figures of the snapshot, for charts. */
import { parseDurationMs } from '../../shared/duration.ts';
import { SatelliteError } from '../../shared/errors.ts';
import { shown } from '../intake/index.ts';
import { JSON_OR_TEXT, type Route } from './route.ts';
import type { Services } from './services.ts';

const DEFAULT_S = 3_600;

export function figureRoutes({ figureHistory, clock }: Services): Route[] {
  return [
    {
      method: 'GET',
      path: '/metrics/history',
      query: ['name', 'since'],
      right: 'read',
      forms: JSON_OR_TEXT,
      handle({ query }) {
        const nowS = clock.wallMs() / 1000;
        const name = query('name');
        const sinceS = sinceOf(query('since'), nowS);
        const known = figureHistory.names();
        if (name === undefined)
          throw new SatelliteError('bad-request', `found no name, expected one of ${known.join(', ')}`, { known });
        const series = figureHistory.series(name, sinceS, nowS);
        if (!series)
          throw new SatelliteError(
            'unknown-figure',
            `found the name ${shown(name)}, expected one of ${known.join(', ')}`,
            {
              known,
            },
          );
        return { json: series, text: () => series.points.map(([time, value]) => `${time} ${value}`).join('\n') };
      },
    },
  ];
}

function sinceOf(text: string | undefined, nowS: number): number {
  if (text === undefined) return nowS - DEFAULT_S;
  if (/^\d{1,12}(\.\d{1,9})?$/.test(text)) return Number(text);
  const backMs = parseDurationMs(text, 's');
  if (backMs !== undefined) return nowS - backMs / 1000;
  throw new SatelliteError(
    'bad-request',
    `found since=${shown(text)}, expected unix seconds or how far back, such as "6h"`,
  );
}
