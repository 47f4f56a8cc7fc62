/** `/healthz`, `/readyz`, `/version`: open to everybody. */
import { version } from '../../shared/version.ts';
import { JSON_OR_TEXT, type Route } from './route.ts';
import type { Services } from './services.ts';

export function healthRoutes(services: Services): Route[] {
  const open = { method: 'GET', right: null, forms: JSON_OR_TEXT } as const;
  return [
    { ...open, path: '/healthz', handle: () => ({ json: { status: 'ok' }, text: () => 'ok' }) },
    {
      ...open,
      path: '/readyz',
      handle(call) {
        const checks = call.may('read') ? services.readiness() : wordsOf(services.readiness());
        return {
          status: services.isReady() ? 200 : 503,
          json: checks,
          text: () =>
            Object.entries(checks)
              .map(([check, state]) => `${check}: ${state}`)
              .join('\n'),
        };
      },
    },
    { ...open, path: '/version', handle: () => ({ json: { version }, text: () => version }) },
  ];
}

/** Without the reasons, which name hosts, paths and addresses. */
function wordsOf(checks: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(checks).map(([check, state]) => [check, state.split(':', 1)[0] ?? '']));
}
