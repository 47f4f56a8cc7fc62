import type { RiemannEvent } from '../../../shared/riemann/index.ts';
import type { StreamEvent } from '../../streams/index.ts';
import { shown } from '../../streams/index.ts';

const TEXTS = ['host', 'service', 'state', 'description'] as const;
const NUMBERS = ['time', 'metric', 'ttl'] as const;

/**
 * The event as it goes out. What a rule has made of it may be anything, and what can't be written would be tried for
 * ever.
 * @param nowS unix seconds, where it has no time of its own: it may wait
 * @throws TypeError that says which field is not fit
 */
export function riemannEventOf(item: StreamEvent, nowS: number): RiemannEvent {
  const { host, service, state, time = nowS, metric, ttl, description, tags, attributes } = item;
  for (const name of TEXTS) require(name, item[name], 'text', isText);
  for (const name of NUMBERS) require(name, item[name], 'a finite number', Number.isFinite);
  require('tags', tags, 'a list of texts', (value) => Array.isArray(value) && value.every(isText));
  require('attributes', attributes, 'texts', (value) =>
    typeof value === 'object' && value !== null && Object.values(value).every(isText));
  return {
    time,
    ...(host !== undefined && { host }),
    ...(service !== undefined && { service }),
    ...(state !== undefined && { state }),
    ...(metric !== undefined && { metric }),
    ...(ttl !== undefined && { ttl }),
    ...(description !== undefined && { description }),
    ...(tags !== undefined && { tags: [...tags] }),
    ...(attributes !== undefined && { attributes: { ...attributes } }),
  };
}

function require(name: string, value: unknown, expected: string, fits: (value: unknown) => boolean): void {
  if (value !== undefined && !fits(value)) throw new TypeError(`${name}: found ${shown(value)}, expected ${expected}`);
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}
