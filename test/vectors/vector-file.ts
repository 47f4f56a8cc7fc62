/** A file of vectors, as it lies in fixtures/riemann-vectors. */
import { readFileSync } from 'node:fs';
import { doubleFields } from './clojure-core.ts';

export interface VectorFile {
  readonly kind: string;
  readonly function?: string;
  readonly notes: string;
  readonly cases: readonly Record<string, unknown>[];
  readonly [key: string]: unknown;
}

/** What became of one case. */
export type Outcome =
  | { readonly kind: 'same' }
  /** Ours differs, and this line of docs/ says so. */
  | { readonly kind: 'on purpose'; readonly line: string }
  | { readonly kind: 'different'; readonly problem: string };

export const SAME: Outcome = { kind: 'same' };

export function different(problem: string): Outcome {
  return { kind: 'different', problem };
}

export function onPurpose(line: string): Outcome {
  return { kind: 'on purpose', line };
}

export type Runner = (file: VectorFile, vector: Readonly<Record<string, unknown>>) => Outcome | Promise<Outcome>;

const MARK = 'written with a point';

/** JSON in which whole numbers with a point are remembered as doubles (clojure-core.ts), by object and field. */
export function readVectorFile(path: string): VectorFile {
  const text = readFileSync(path, 'utf8').replace(
    /"(?:[^"\\]|\\.)*"|-?\d+\.0+(?![\d.eE])|-?\d+(?:\.\d+)?[eE][+-]?\d+/g,
    (token) => (token.startsWith('"') || !Number.isInteger(Number(token)) ? token : `{"${MARK}":${token}}`),
  );
  return JSON.parse(text, function revive(this: Record<string, unknown>, key: string, value: unknown) {
    if (typeof value !== 'object' || value === null) return value;
    const marked = (value as Record<string, unknown>)[MARK];
    if (typeof marked !== 'number') return value;
    const fields = doubleFields.get(this) ?? new Set();
    doubleFields.set(this, fields.add(key));
    return marked;
  }) as VectorFile;
}
