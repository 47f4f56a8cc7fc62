/** `/masters`: the satellite-masters of this cluster, as they announce themselves. */
import { JSON_ONLY, type Route } from './route.ts';
import type { Services } from './services.ts';

export function masterRoutes({ masters }: Services): Route[] {
  return [{ method: 'GET', path: '/masters', right: 'read', forms: JSON_ONLY, handle: () => ({ json: masters() }) }];
}
