/** In which form an answer goes out: JSON, unless `Accept` asks for text. */
import { SatelliteError } from '../../shared/errors.ts';
import type { Form } from './route.ts';

const TYPES: Readonly<Record<Form, readonly string[]>> = {
  json: ['application/json', 'application/*', '*/*'],
  text: ['text/plain', 'text/*', '*/*'],
};

interface Wish {
  readonly q: number;
  /** 0 for the type itself, more for a wildcard. */
  readonly vagueness: number;
}

/**
 * The offered form that the client likes best; among equals the one it named more exactly, then the first offered.
 * Parameters other than `q` are not looked at. With nothing offered to choose from, nothing is refused.
 * @throws SatelliteError not-acceptable
 */
export function negotiate(accept: string | undefined, offered: readonly Form[]): Form {
  const [first = 'json'] = offered;
  if (offered.length === 0 || accept === undefined || accept.trim() === '') return first;
  const ranges = parseAccept(accept);
  let best: { readonly form: Form; readonly wish: Wish } | undefined;
  for (const form of offered) {
    const wish = wishFor(ranges, TYPES[form]);
    if (wish.q > 0 && (!best || isStronger(wish, best.wish))) best = { form, wish };
  }
  if (best) return best.form;
  const types = offered.map((form) => TYPES[form][0]).join(' or ');
  throw new SatelliteError('not-acceptable', `this resource is to be had as ${types}`);
}

function parseAccept(accept: string): ReadonlyMap<string, number> {
  const ranges = new Map<string, number>();
  for (const part of accept.split(',')) {
    const [type = '', ...parameters] = part.split(';').map((word) => word.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    const q = weight === undefined ? 1 : Number.parseFloat(weight.slice(2));
    ranges.set(type, Math.max(ranges.get(type) ?? 0, Number.isNaN(q) ? 0 : q));
  }
  return ranges;
}

/** The most exact range decides. */
function wishFor(ranges: ReadonlyMap<string, number>, types: readonly string[]): Wish {
  const vagueness = types.findIndex((type) => ranges.has(type));
  return { q: ranges.get(types[vagueness] ?? '') ?? 0, vagueness };
}

function isStronger(a: Wish, b: Wish): boolean {
  return a.q > b.q || (a.q === b.q && a.vagueness < b.vagueness);
}
