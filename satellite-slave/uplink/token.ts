import { readSmallFile } from '../../shared/small-file.ts';

/**
 * The bearer token in a file, as a header. It is read again when a master refuses it, so that it can be replaced
 * without a restart, and it is never logged.
 */
export class Token {
  readonly #file: string | undefined;
  #text: string | undefined;

  /** @param file undefined: no token is sent */
  constructor(file: string | undefined) {
    this.#file = file;
  }

  /** @throws what reading throws, or an Error for a file that holds no token */
  async headers(): Promise<Readonly<Record<string, string>>> {
    if (this.#file === undefined) return {};
    this.#text ??= await readToken(this.#file);
    return { authorization: `Bearer ${this.#text}` };
  }

  /** Forgets what was read. @returns whether the file holds another token now */
  async renew(): Promise<boolean> {
    const old = this.#text;
    this.#text = undefined;
    if (this.#file === undefined) return false;
    const now = await readToken(this.#file).catch(() => undefined);
    return now !== undefined && now !== old;
  }
}

/** @throws what reading throws, or an Error for a file that holds no token */
export async function readToken(file: string): Promise<string> {
  const text = (await readSmallFile(file)).trim();
  if (!/^[\x21-\x7e]+$/.test(text)) throw new Error(`${file} holds no token: expected one line without blanks`);
  return text;
}
