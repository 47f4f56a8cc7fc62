/** What a query says (docs/rest.md, "Reports and events"), as the parser reads it. */

/** What stands in a comparison: a literal, or the name of a field or an attribute. */
export type Term =
  | { readonly kind: 'text'; readonly text: string }
  /** `isDouble`: written with a point or an exponent. */
  | { readonly kind: 'number'; readonly number: number; readonly isDouble: boolean }
  | { readonly kind: 'constant'; readonly constant: boolean | null }
  | { readonly kind: 'field'; readonly name: string };

export type Comparison = '=' | '!=' | '<' | '>' | '<=' | '>=';

export type Query =
  /** Of two or more. */
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Query[] }
  | { readonly kind: 'not'; readonly part: Query }
  | { readonly kind: 'tagged'; readonly tag: string }
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly left: Term; readonly right: Term }
  /** `=~`: the whole text, where `%` stands for any. */
  | { readonly kind: 'like'; readonly term: Term; readonly pattern: string }
  /** `~=`: found anywhere in the text; `column` is where the pattern stands. */
  | { readonly kind: 'regex'; readonly term: Term; readonly pattern: string; readonly column: number }
  /** A term alone: anything but `nil` and `false` is true, 0 and "" too. */
  | { readonly kind: 'truth'; readonly term: Term };

/** Thrown for a query that can't be read, with the place. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
  /** From 1, in characters as `length` counts them. */
  readonly column: number;

  constructor(column: number, detail: string) {
    super(`column ${column}: ${detail}`);
    this.column = column;
  }
}
