/** `/shadow`: what the rules of `shadow-streams` would do otherwise, and what they would have done. */
import { SatelliteError } from '../../shared/errors.ts';
import { escapeControls } from '../../shared/text.ts';
import type { ShadowDifference } from '../replay/index.ts';
import { JSON_OR_TEXT, type Route } from './route.ts';
import type { Services } from './services.ts';

export function shadowRoutes({ shadow }: Services): Route[] {
  return [
    {
      method: 'GET',
      path: '/shadow',
      right: 'read',
      forms: JSON_OR_TEXT,
      handle() {
        const report = shadow?.();
        if (!report)
          throw new SatelliteError('not-found', 'no rules run in the shadow: the settings name no "shadow-streams"');
        return { json: report, text: () => report.differs.map(lineOf).join('\n') };
      },
    },
  ];
}

function lineOf({ host, live, shadow, reason }: ShadowDifference): string {
  return escapeControls(`${host} is ${live ?? 'unknown'}, would be ${shadow ?? 'unknown'}: ${reason}`);
}
