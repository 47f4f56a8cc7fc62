/** Text that came from outside: cut and cleaned before it is stored or shown. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const CONTROLS = new RegExp(CONTROL, 'g');

export function hasControlCharacters(text: string): boolean {
  return CONTROL.test(text);
}

/** For one line of a log or a terminal: control characters shown as \\uXXXX. */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const unchanged = (character: string) => character;

/**
 * Cut so that what `shownAs` makes of it has at most `length` UTF-16 units, never within a character or an escape. A lone
 * surrogate becomes U+FFFD: strict receivers refuse a text that has one.
 */
export function cutToLength(text: string, length: number, shownAs: (character: string) => string = unchanged): string {
  // An escape is never shorter than what it stands for, so nothing beyond is needed.
  const head = text.slice(0, length + 1).toWellFormed();
  if (shownAs === unchanged && text.length <= length) return head;
  let cut = '';
  for (const character of head) {
    const shown = shownAs(character);
    if (cut.length + shown.length > length) break;
    cut += shown;
  }
  return cut;
}

/** Cut to at most `bytes` of UTF-8, never within a character. */
export function cutToBytes(text: string, bytes: number): string {
  if (text.length * 3 <= bytes) return text;
  const encoded = Buffer.from(text, 'utf8');
  if (encoded.length <= bytes) return text;
  let end = bytes;
  while (end > 0 && ((encoded[end] ?? 0) & 0xc0) === 0x80) end--;
  return encoded.toString('utf8', 0, end);
}

/** Order of `LC_ALL=C sort`, for every list in an answer or a file. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
