/** `/metrics/snapshot`, as the original answered it, and `/metrics` for Prometheus. */
import { byCodeUnit } from '../../shared/text.ts';
import { JSON_OR_TEXT, type Route } from './route.ts';
import type { Services } from './services.ts';

export function metricRoutes({ metrics, snapshot }: Services): Route[] {
  return [
    {
      method: 'GET',
      path: '/metrics/snapshot',
      ignoresUnknownQuery: true,
      right: 'read',
      forms: JSON_OR_TEXT,
      handle() {
        const figures = Object.entries(snapshot()).sort(([a], [b]) => byCodeUnit(a, b));
        return {
          json: Object.fromEntries(figures),
          text: () => figures.map(([name, figure]) => `${name} ${figure}`).join('\n'),
        };
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      ignoresUnknownQuery: true,
      right: 'read',
      // Prometheus understands this whatever it asks for, so that no Accept header is refused.
      forms: [],
      async handle() {
        return { json: undefined, raw: { type: metrics.contentType, text: await metrics.text() } };
      },
    },
  ];
}
