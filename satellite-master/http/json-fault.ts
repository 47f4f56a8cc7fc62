/** Where a text stops being JSON: JSON.parse does not always say. Only for messages. */

const SPACE = /[ \t\n\r]*/y;
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: a string must not have them bare
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;

/** The offset of the first character that does not fit; undefined: the text is JSON. */
export function jsonFault(text: string): number | undefined {
  let at = 0;
  /** The closing brackets still to come. */
  const open: string[] = [];
  const eat = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at += found[0].length;
    return found !== null;
  };
  const eatChar = (char: string): boolean => {
    eat(SPACE);
    if (text[at] !== char) return false;
    at++;
    return true;
  };
  const eatKey = (): boolean => {
    eat(SPACE);
    return eat(STRING) && eatChar(':');
  };

  for (;;) {
    // A value, and whatever opens before it.
    eat(SPACE);
    if (eatChar('[')) {
      if (!eatChar(']')) {
        open.push(']');
        continue;
      }
    } else if (eatChar('{')) {
      if (!eatChar('}')) {
        if (!eatKey()) return at;
        open.push('}');
        continue;
      }
    } else if (!eat(STRING) && !eat(SCALAR)) return at;
    // What closes after it, up to the next value or the end.
    for (;;) {
      const closing = open.at(-1);
      if (closing === undefined) {
        eat(SPACE);
        return at === text.length ? undefined : at;
      }
      if (eatChar(',')) {
        if (closing === '}' && !eatKey()) return at;
        break;
      }
      if (!eatChar(closing)) return at;
      open.pop();
    }
  }
}
