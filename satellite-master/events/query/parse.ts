/** Tokens to what a query says. Precedence: not, and, or. */
import { type Comparison, type Query, QueryError, type Term } from './ast.ts';
import { type Token, tokensOf } from './tokens.ts';

/** docs/settings.md, "Riemann's protocol". */
export const MAX_QUERY_BYTES = 4096;
/** Parentheses and `not` within each other. */
export const MAX_QUERY_DEPTH = 64;

const COMPARISONS: ReadonlySet<string> = new Set(['=', '!=', '<', '>', '<=', '>=']);
const CONSTANTS: Readonly<Record<string, boolean | null>> = { true: true, false: false, nil: null, null: null };
const RESERVED: ReadonlySet<string> = new Set(['and', 'or', 'not', 'tagged']);

/** @throws QueryError with the column and what was expected there */
export function parseQuery(text: string): Query {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_QUERY_BYTES)
    throw new QueryError(MAX_QUERY_BYTES + 1, `expected at most ${MAX_QUERY_BYTES} bytes, found ${bytes}`);
  const parser = new Parser(tokensOf(text));
  const query = parser.or();
  parser.end();
  return query;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  or(): Query {
    return this.#chain('or', () => this.#and());
  }

  end(): void {
    if (this.#token.kind !== 'end') throw this.#unexpected('and, or, or the end');
  }

  #and(): Query {
    return this.#chain('and', () => this.#not());
  }

  #chain(kind: 'and' | 'or', part: () => Query): Query {
    const first = part();
    const parts = [first];
    while (this.#takes('word', kind)) parts.push(part());
    return parts.length === 1 ? first : { kind, parts };
  }

  #not(): Query {
    return this.#takes('word', 'not') ? this.#deeper(() => ({ kind: 'not', part: this.#not() })) : this.#primary();
  }

  #primary(): Query {
    if (this.#takes('sign', '('))
      return this.#deeper(() => {
        const query = this.or();
        if (!this.#takes('sign', ')')) throw this.#unexpected('and, or, or )');
        return query;
      });
    if (this.#takes('word', 'tagged')) return { kind: 'tagged', tag: this.#string('the tag, a string') };
    return this.#comparison();
  }

  #comparison(): Query {
    const left = this.#term('not, (, tagged, a field or a value');
    const token = this.#token;
    if (token.kind !== 'sign' || token.text === '(' || token.text === ')') return { kind: 'truth', term: left };
    this.#at++;
    if (token.text === '=~')
      return { kind: 'like', term: left, pattern: this.#string('a string, in which % stands for any text') };
    if (token.text === '~=') {
      const { column } = this.#token;
      return { kind: 'regex', term: left, pattern: this.#string('a regular expression as a string'), column };
    }
    if (!COMPARISONS.has(token.text)) throw new QueryError(token.column, `expected an operator, found ${token.text}`);
    const right = this.#operand(token.text);
    return { kind: 'compare', operator: token.text as Comparison, left, right };
  }

  /** Only numbers have an order. */
  #operand(operator: string): Term {
    if (operator === '=' || operator === '!=') return this.#term('a field or a value');
    if (this.#token.kind !== 'number') throw this.#unexpected('a number');
    return this.#term('a number');
  }

  #term(expected: string): Term {
    const token = this.#token;
    if (token.kind === 'end' || token.kind === 'sign' || (token.kind === 'word' && RESERVED.has(token.text)))
      throw this.#unexpected(expected);
    this.#at++;
    if (token.kind === 'text') return { kind: 'text', text: token.text };
    if (token.kind === 'number') return { kind: 'number', number: token.number, isDouble: token.isDouble };
    if (Object.hasOwn(CONSTANTS, token.text)) return { kind: 'constant', constant: CONSTANTS[token.text] ?? null };
    return { kind: 'field', name: token.text };
  }

  #string(expected: string): string {
    const token = this.#token;
    if (token.kind !== 'text') throw this.#unexpected(expected);
    this.#at++;
    return token.text;
  }

  #deeper(parse: () => Query): Query {
    if (++this.#depth > MAX_QUERY_DEPTH)
      throw new QueryError(this.#token.column, `expected at most ${MAX_QUERY_DEPTH} levels of parentheses and not`);
    const query = parse();
    this.#depth--;
    return query;
  }

  get #token(): Token {
    return this.#tokens[this.#at] as Token;
  }

  #takes(kind: 'word' | 'sign', text: string): boolean {
    const token = this.#token;
    if (token.kind !== kind || token.text !== text) return false;
    this.#at++;
    return true;
  }

  #unexpected(expected: string): QueryError {
    const token = this.#token;
    const found =
      token.kind === 'end' ? 'the end' : token.kind === 'number' ? String(token.number) : JSON.stringify(token.text);
    return new QueryError(token.column, `expected ${expected}, found ${found}`);
  }
}
