/** Passwords, tokens and keys: read for each use, so that they can be exchanged without a restart; never logged. */
import { readFileSync } from 'node:fs';
import { cutToLength, escapeControls } from '../../../shared/text.ts';

/** Shorter ones would blank ordinary words. */
const MIN_SECRET = 4;
const MAX_REASON = 300;

export class Secret {
  readonly #place: { readonly file: string } | { readonly text: string };

  constructor(place: { readonly file: string } | { readonly text: string }) {
    this.#place = place;
  }

  /** @throws Error for a file that can not be read or is empty; it names the file */
  read(): string {
    if ('text' in this.#place) return this.#place.text;
    const { file } = this.#place;
    const text = readFileSync(file, 'utf8').trim();
    if (text === '' || /[\r\n]/.test(text)) throw new Error(`${file} must hold one line`);
    return text;
  }
}

/** For logs and events: one line, cut, with every secret taken out. */
export function redacted(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of [...secrets].sort((a, b) => b.length - a.length))
    if (secret.length >= MIN_SECRET) clean = clean.replaceAll(secret, '[redacted]');
  return cutToLength(clean, MAX_REASON, escapeControls);
}

/** All of an address but its host may be a secret, and servers repeat it in their errors. */
export function secretsOf(url: URL): string[] {
  const words = [...url.pathname.split('/'), ...url.searchParams.values()];
  const parts = [`${url.pathname}${url.search}`, url.pathname, ...words.filter((word) => word.length >= 8)];
  return parts.flatMap((part) => [part, decodedOrSame(part)]).filter((part) => part !== '/');
}

function decodedOrSame(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
