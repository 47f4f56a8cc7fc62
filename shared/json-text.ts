/** JSON as text, read strictly: no comments, no trailing commas, bounded depth; an error has its line and column. */
import { visit } from 'jsonc-parser';

/** Lists and objects within each other. Deeper text is refused before anything that recurses sees it. */
export const MAX_JSON_DEPTH = 100;

/** Thrown when a text is not JSON, or is nested too deep. */
export class JsonTextError extends Error {
  override readonly name = 'JsonTextError';
  /** Of the first character that does not fit, in UTF-16 units from 0. */
  readonly offset: number;

  constructor(text: string, offset: number, detail?: string) {
    const before = text.slice(0, offset).split('\n');
    const found =
      offset >= text.length ? 'the end' : JSON.stringify(String.fromCodePoint(text.codePointAt(offset) ?? 0));
    super(`line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}: ${detail ?? `found ${found}`}`);
    this.offset = offset;
  }
}

/**
 * A byte order mark at the beginning is passed over; of a key that is there twice the last value counts, as in
 * `JSON.parse`.
 * @throws JsonTextError
 */
export function parseJsonText(text: string): unknown {
  const json = text.startsWith('\ufeff') ? text.slice(1) : text;
  const tooDeep = offsetBeyondDepth(json);
  if (tooDeep !== undefined) throw new JsonTextError(json, tooDeep, `nested more than ${MAX_JSON_DEPTH} levels deep`);
  try {
    return JSON.parse(json);
  } catch {
    throw new JsonTextError(json, offsetOfFault(json));
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACKET = 0x5b;
const BRACE = 0x7b;

/** Where the text opens one level too many. */
function offsetBeyondDepth(text: string): number | undefined {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) at = endOfString(text, at);
    else if (unit === BRACKET || unit === BRACE) {
      if (++depth > MAX_JSON_DEPTH) return at;
    } else if (unit === BRACKET + 2 || unit === BRACE + 2) depth--;
  }
  return undefined;
}

/** The closing quote of the string that begins at `from`; the end of the text where there is none. */
function endOfString(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return text.length;
}

/** Ends the visit at the first fault: a long text of nothing but faults has many. */
class FirstFault {
  readonly offset: number;

  constructor(offset: number) {
    this.offset = offset;
  }
}

function offsetOfFault(text: string): number {
  try {
    visit(
      text,
      {
        onError(_code, offset) {
          throw new FirstFault(offset);
        },
      },
      { disallowComments: true, allowTrailingComma: false },
    );
  } catch (thrown) {
    if (thrown instanceof FirstFault) return thrown.offset;
    throw thrown;
  }
  return text.length;
}
