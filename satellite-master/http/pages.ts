/** `/docs/judgement`: the shipped page that `ruleLink` of `why` leads to, open to everybody. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Route } from './route.ts';

/** Two folders above the sources, three above the built files. */
const PAGE = ['../../docs/judgement.md', '../../../docs/judgement.md']
  .map((place) => new URL(place, import.meta.url))
  .find((place) => existsSync(place));

export function pageRoutes(): Route[] {
  if (!PAGE) return [];
  const handle = async () => ({
    json: null,
    raw: { type: 'text/markdown; charset=utf-8', text: await readFile(PAGE, 'utf8') },
  });
  return [{ method: 'GET', path: '/docs/judgement', right: null, forms: [], handle }];
}
