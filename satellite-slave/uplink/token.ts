import { readFileSync } from 'node:fs';

/**
 * The token of a file, as a header; read anew when a master refuses it, so that it can be exchanged
 * without a restart. It is never logged.
 */
export class Token {
  readonly #file: string | undefined;
  #text: string | undefined;

  /** @param file undefined: no token is sent */
  constructor(file: string | undefined) {
    this.#file = file;
  }

  /** @throws what reading throws, or an Error for a file that holds no token */
  headers(): Readonly<Record<string, string>> {
    if (this.#file === undefined) return {};
    this.#text ??= readToken(this.#file);
    return { authorization: `Bearer ${this.#text}` };
  }

  /** Forgets what was read. @returns whether the file holds another token by now */
  renew(): boolean {
    const old = this.#text;
    this.#text = undefined;
    try {
      return this.#file !== undefined && readToken(this.#file) !== old;
    } catch {
      return false;
    }
  }
}

/** @throws what reading throws, or an Error for a file that holds no token */
export function readToken(file: string): string {
  const text = readFileSync(file, 'utf8').trim();
  if (!/^[\x21-\x7e]+$/.test(text))
    throw new Error(`${file} holds no token: one line of letters without blanks is expected`);
  return text;
}
