/**
 * Reads a JSON text of any length as its bytes arrive, without ever holding it: the elements of the lists that are
 * asked for come out one by one, as bytes; what remains, with those lists empty, is parsed at the end.
 */

export interface JsonListSplitterOptions {
  /**
   * Lists whose elements are wanted, by the names on the way to them: `frameworks.tasks` are the elements of `tasks` in
   * the objects of the list `frameworks`.
   */
  readonly wanted: ReadonlySet<string>;
  /** Lists that are skipped. */
  readonly unwanted: ReadonlySet<string>;
  /** @param element valid until the function returns */
  readonly found: (list: string, element: Buffer) => void;
  readonly maxElementBytes?: number;
  /** Of what remains. */
  readonly maxRestBytes?: number;
}

interface Level {
  /** The names on the way, joined by dots. */
  readonly path: string;
  readonly isObject: boolean;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const MAX_LEVELS = 1_000;
const MAX_KEY_BYTES = 1_024;

export class JsonListSplitter {
  readonly #options: Required<JsonListSplitterOptions>;
  readonly #rest: Buffer[] = [];
  #restBytes = 0;
  readonly #levels: Level[] = [];
  /** Of a string that is being read in the rest: whether it is a name of a member, and its bytes so far. */
  #name: Buffer[] | undefined;
  #lastName = '';
  #expectsName = false;
  #inString = false;
  #escaped = false;
  /** The list whose elements are being cut out. */
  #list: string | undefined;
  #isWanted = false;
  /** Within an element: how many brackets are open. */
  #depth = 0;
  #inElement = false;
  readonly #element: Buffer[] = [];
  #elementBytes = 0;

  constructor(options: JsonListSplitterOptions) {
    this.#options = { maxElementBytes: 16 * 1024 * 1024, maxRestBytes: 64 * 1024 * 1024, ...options };
  }

  /** @throws Error where the text grows beyond the limits */
  write(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) at = this.#list === undefined ? this.#readRest(chunk, at) : this.#readList(chunk, at);
  }

  /**
   * @returns the text without the elements
   * @throws SyntaxError where it is no JSON, or not all of it
   */
  end(): unknown {
    if (this.#list !== undefined) throw new SyntaxError('the text ends within a list');
    return JSON.parse(Buffer.concat(this.#rest).toString('utf8'));
  }

  /** Until a list begins that is to be cut. */
  #readRest(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length) {
      if (this.#inString) {
        at = this.#readString(chunk, at);
        continue;
      }
      const byte = chunk[at++];
      if (byte === QUOTE) {
        this.#inString = true;
        this.#name = this.#expectsName ? [] : undefined;
      } else if (byte === COLON) this.#expectsName = false;
      else if (byte === COMMA) this.#expectsName = this.#levels.at(-1)?.isObject === true;
      else if (byte === OPEN_OBJECT) this.#open(true);
      else if (byte === OPEN_LIST) {
        const path = this.#open(false);
        const isWanted = this.#options.wanted.has(path);
        if (!isWanted && !this.#options.unwanted.has(path)) continue;
        this.#list = path;
        this.#isWanted = isWanted;
        break;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
        this.#levels.pop();
        this.#expectsName = false;
      }
    }
    this.#keepRest(chunk.subarray(from, at));
    return at;
  }

  #readString(chunk: Buffer, from: number): number {
    let at = from;
    let ended = false;
    while (at < chunk.length && !ended) {
      const byte = chunk[at++];
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) ended = true;
    }
    this.#name?.push(Buffer.from(chunk.subarray(from, ended ? at - 1 : at).subarray(0, MAX_KEY_BYTES)));
    if (ended) {
      this.#inString = false;
      if (this.#name) this.#lastName = Buffer.concat(this.#name).toString('utf8');
      this.#name = undefined;
    }
    return at;
  }

  #open(isObject: boolean): string {
    const above = this.#levels.at(-1);
    if (this.#levels.length >= MAX_LEVELS) throw new Error('nested too deep');
    const path = above === undefined ? '' : above.isObject ? join(above.path, this.#lastName) : above.path;
    this.#levels.push({ path, isObject });
    this.#expectsName = isObject;
    return path;
  }

  /** Until the list ends, or the chunk does. */
  #readList(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length) {
      if (this.#inElement) {
        at = this.#readElement(chunk, at);
        continue;
      }
      const byte = chunk[at];
      if (byte === CLOSE_LIST) {
        this.#list = undefined;
        return at;
      }
      if (byte === COMMA || (byte !== undefined && byte <= 0x20)) at++;
      else this.#inElement = true;
    }
    return at;
  }

  /** The innermost loop: most bytes of a large state come this way. */
  #readElement(chunk: Buffer, from: number): number {
    let at = from;
    let depth = this.#depth;
    let inString = this.#inString;
    let escaped = this.#escaped;
    const end = chunk.length;
    let ended = false;
    while (at < end) {
      const byte = chunk[at];
      if (inString) {
        at++;
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inString = false;
        continue;
      }
      if (depth === 0 && (byte === COMMA || byte === CLOSE_LIST)) {
        ended = true;
        break;
      }
      at++;
      if (byte === QUOTE) inString = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_LIST) depth++;
      else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
        depth--;
        if (depth === 0) {
          ended = true;
          break;
        }
      }
    }
    this.#depth = depth;
    this.#inString = inString;
    this.#escaped = escaped;
    this.#keepElement(chunk.subarray(from, at), ended);
    return at;
  }

  #keepElement(part: Buffer, ended: boolean): void {
    if (this.#isWanted) {
      this.#elementBytes += part.length;
      if (this.#elementBytes > this.#options.maxElementBytes)
        throw new Error(`an element of ${this.#list} is too long`);
      if (!ended) this.#element.push(Buffer.from(part));
      else {
        const element = this.#element.length === 0 ? part : Buffer.concat([...this.#element, part]);
        this.#options.found(this.#list ?? '', element);
      }
    }
    if (!ended) return;
    this.#inElement = false;
    this.#element.length = 0;
    this.#elementBytes = 0;
  }

  #keepRest(part: Buffer): void {
    this.#restBytes += part.length;
    if (this.#restBytes > this.#options.maxRestBytes) throw new Error('too long beside its lists');
    this.#rest.push(Buffer.from(part));
  }
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
