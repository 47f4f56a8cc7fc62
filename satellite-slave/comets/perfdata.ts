/** The performance data of Nagios plugins: `label=value[unit];[warn];[crit];[min];[max]`, separated by blanks. */

export interface PerfdataValue {
  readonly label: string;
  /** As the plugin printed it, with unit and thresholds; may be empty. */
  readonly value: string;
}

const QUOTE = "'";

/**
 * Reads each character once. A label with blanks or `=` is in single quotes, in which a quote is doubled; what is no
 * `label=value` is passed over.
 */
export function parsePerfdata(text: string): PerfdataValue[] {
  const values: PerfdataValue[] = [];
  let at = 0;
  while (at < text.length) {
    if (isBlank(text, at)) {
      at++;
      continue;
    }
    const label = text[at] === QUOTE ? quotedLabel(text, at) : bareLabel(text, at);
    if (label === undefined) break;
    at = label.end;
    const isValue = text[at] === '=' && label.text !== '';
    const end = endOfWord(text, at);
    if (isValue) values.push({ label: label.text, value: text.slice(at + 1, end) });
    at = end;
  }
  return values;
}

/** The number before unit and thresholds, with a point or a comma; none for `U`, `nan`, `inf` or no number at all. */
export function leadingNumber(value: string): number | undefined {
  const digits = /^[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[-+]?\d+)?/i.exec(value)?.[0];
  const number = digits === undefined ? Number.NaN : Number(digits.replace(',', '.'));
  return Number.isFinite(number) ? number : undefined;
}

interface Label {
  readonly text: string;
  /** Of what follows it. */
  readonly end: number;
}

/** undefined: the quote is not closed. */
function quotedLabel(text: string, from: number): Label | undefined {
  let at = from + 1;
  for (;;) {
    at = text.indexOf(QUOTE, at);
    if (at < 0) return undefined;
    if (text[at + 1] !== QUOTE) return { text: text.slice(from + 1, at).replaceAll("''", QUOTE), end: at + 1 };
    at += 2;
  }
}

function bareLabel(text: string, from: number): Label {
  let at = from;
  while (at < text.length && text[at] !== '=' && !isBlank(text, at)) at++;
  return { text: text.slice(from, at), end: at };
}

function endOfWord(text: string, from: number): number {
  let at = from;
  while (at < text.length && !isBlank(text, at)) at++;
  return at;
}

function isBlank(text: string, at: number): boolean {
  const char = text[at];
  return char === ' ' || char === '\t' || char === '\n' || char === '\r';
}
