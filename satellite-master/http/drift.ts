/** `/drift`: where whitelist, reports and Mesos disagree. */
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
        const report = await drift();
        return { json: report, text: () => report.findings.map(lineOf).join('\n') };
      },
    },
  ];
}

function lineOf({ kind, host, detail }: Finding): string {
  return escapeControls(`${kind} ${host}: ${detail}`);
}
