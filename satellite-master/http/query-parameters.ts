/** Checks query parameters: unknown and repeated ones are refused, not silently ignored. */
import { SatelliteError } from '../../shared/errors.ts';
import { MAX_TYPOS, typosBetween } from '../../shared/typos.ts';
import { shown } from '../intake/index.ts';

/** As parsed by Node's querystring: a repeated parameter has a list of values. */
export type Parameters = Readonly<NodeJS.Dict<string | string[]>>;

/** Describes the first parameter that the resource does not know, or that is repeated. */
export function faultOfParameters(parameters: Parameters, known: readonly string[]): string | undefined {
  for (const [name, value] of Object.entries(parameters)) {
    if (!known.includes(name)) return `unknown query parameter ${shown(name)}, ${hint(name, known)}`;
    if (Array.isArray(value)) return `the query parameter ${name} is there ${value.length} times, expected once`;
  }
  return undefined;
}

/** @throws SatelliteError bad-request */
export function checkParameters(parameters: Parameters, known: readonly string[]): void {
  const fault = faultOfParameters(parameters, known);
  if (fault !== undefined) throw new SatelliteError('bad-request', fault);
}

function hint(name: string, known: readonly string[]): string {
  if (known.length === 0) return 'this resource takes none';
  const near = known
    .map((one) => ({ one, typos: typosBetween(one, name.toLowerCase()) }))
    .sort((a, b) => a.typos - b.typos)[0];
  if (near && near.typos <= MAX_TYPOS) return `did you mean ${near.one}?`;
  return `expected one of ${known.join(', ')}`;
}
