/** `/drift`: where whitelist, reports and Mesos disagree. An empty list means that they agree, never that nobody knows. */
import { SatelliteError } from '../../shared/errors.ts';
import { escapeControls } from '../../shared/text.ts';
import type { Finding } from '../mesos/drift/index.ts';
import { JSON_OR_TEXT, type Route } from './route.ts';
import type { Services } from './services.ts';

export function driftRoutes({ drift }: Services): Route[] {
  return [
    {
      method: 'GET',
      path: '/drift',
      right: 'read',
      forms: JSON_OR_TEXT,
      async handle() {
        const { withoutMesos, ...report } = await drift();
        const { reason, findings } = report;
        if (reason !== null && !withoutMesos) throw new SatelliteError('drift-unknown', reason, report);
        return { json: report, text: () => (reason === null ? findings.map(lineOf).join('\n') : reason) };
      },
    },
  ];
}

function lineOf({ kind, host, detail }: Finding): string {
  return escapeControls(`${kind} ${host}: ${detail}`);
}
