/** A query's text cut into tokens, each with its place. */
import { escapeControls } from '../../../shared/text.ts';
import { QueryError } from './ast.ts';

export type Token =
  | { readonly kind: 'text'; readonly text: string; readonly column: number }
  | { readonly kind: 'number'; readonly number: number; readonly isDouble: boolean; readonly column: number }
  /** A name, or one of the words with a meaning: which of them decides the parser. */
  | { readonly kind: 'word'; readonly text: string; readonly column: number }
  | { readonly kind: 'sign'; readonly text: string; readonly column: number }
  | { readonly kind: 'end'; readonly column: number };

const BLANK = /[\s,]+/y;
const NUMBER = /-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?[nN]?|-?(?:Infinity|NaN)(?![\p{L}\p{N}_.:-])/uy;
const WORD = /[\p{L}_][\p{L}\p{N}_.:-]*/uy;
const SIGN = /=~|~=|!=|<=|>=|[=<>()]/y;
const TEXT = /"((?:[^"\\]|\\[\s\S])*)"/y;

/** @throws QueryError */
export function tokensOf(query: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(query);
  };
  for (;;) {
    at += match(BLANK)?.[0].length ?? 0;
    const column = at + 1;
    if (at >= query.length) {
      tokens.push({ kind: 'end', column });
      return tokens;
    }
    const [token, length] = tokenAt(query, column, match);
    tokens.push(token);
    at += length;
  }
}

function tokenAt(
  query: string,
  column: number,
  match: (pattern: RegExp) => RegExpExecArray | null,
): readonly [token: Token, length: number] {
  const text = match(TEXT);
  if (text) return [{ kind: 'text', text: unescaped(text[1] ?? '', column + 1), column }, text[0].length];
  const number = match(NUMBER)?.[0];
  if (number !== undefined) {
    const value = Number(number.replace(/[nN]$/, ''));
    return [
      { kind: 'number', number: value, isDouble: !Number.isFinite(value) || /[.eE]/.test(number), column },
      number.length,
    ];
  }
  const word = match(WORD)?.[0];
  if (word !== undefined) return [{ kind: 'word', text: word, column }, word.length];
  const sign = match(SIGN)?.[0];
  if (sign !== undefined) return [{ kind: 'sign', text: sign, column }, sign.length];
  const char = String.fromCodePoint(query.codePointAt(column - 1) ?? 0);
  if (char === '"') throw new QueryError(column, 'expected a closing " of the string that begins here, found the end');
  throw new QueryError(
    column,
    `expected a word, a number, a string or an operator, found ${JSON.stringify(escapeControls(char))}`,
  );
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r', '"': '"', '\\': '\\' };

/** @param column of the first character within the quotes */
function unescaped(text: string, column: number): string {
  return text.replace(
    /\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g,
    (whole, code: string | undefined, char: string, at: number) => {
      if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
      const meant = ESCAPES[char];
      if (meant === undefined)
        throw new QueryError(
          column + at,
          `expected one of \\" \\\\ \\b \\t \\n \\f \\r \\uXXXX, found ${escapeControls(whole)} (in a pattern write \\\\ for \\)`,
        );
      return meant;
    },
  );
}
