/** `/whitelist/file`: how the whitelist file is kept, and the confirmation that releases a hold (docs/rest.md). */
import { SatelliteError } from '../../shared/errors.ts';
import { escapeControls } from '../../shared/text.ts';
import type { FileReport } from '../whitelist/file/index.ts';
import { parseConfirmation } from './change.ts';
import { JSON_OR_TEXT, type Route } from './route.ts';
import type { Services } from './services.ts';

export function whitelistFileRoutes({ whitelistFile }: Services): Route[] {
  const present = () => {
    if (!whitelistFile) throw new SatelliteError('not-found', 'this master keeps no whitelist file');
    return whitelistFile;
  };
  return [
    {
      method: 'GET',
      path: '/whitelist/file',
      right: 'read',
      forms: JSON_OR_TEXT,
      handle: () => answer(present().report()),
    },
    {
      method: 'POST',
      path: '/whitelist/file/confirm',
      right: 'write',
      forms: JSON_OR_TEXT,
      async handle(call) {
        const file = present();
        const confirmation = parseConfirmation(await call.body());
        return answer(await file.confirm({ ...confirmation, as: call.actor.as }));
      },
    },
  ];
}

function answer(report: FileReport) {
  return { json: report, text: () => textOf(report) };
}

function textOf({ state, reason, digest, missing, added }: FileReport): string {
  const lines = [`${state}${reason === null ? '' : `: ${reason}`}`];
  if (digest !== null) lines.push(`digest ${digest}`);
  lines.push(...missing.map((line) => `- ${line}`), ...added.map((line) => `+ ${line}`));
  return lines.map(escapeControls).join('\n');
}
