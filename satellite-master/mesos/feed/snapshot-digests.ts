/** What was told of one kind of thing, so that only differences are told: a digest of each. */
import { hash } from 'node:crypto';

export function digestOf(content: Buffer | string): string {
  return hash('sha1', content, 'base64');
}

export class Told {
  /** Key of a thing by the digest of its last form. */
  #keys = new Map<string, string>();
  /** Digest by key; undefined: it has changed since it was told whole. */
  #digests = new Map<string, string | undefined>();

  /** Of a whole answer: gather what is in it, then tell the differences and {@link Gathering.gone}. */
  gather(): Gathering {
    return new Gathering(this.#keys, this.#digests);
  }

  /** From now on differences are to this answer. */
  settle(gathering: Gathering): void {
    this.#keys = gathering.keys;
    this.#digests = gathering.digests;
  }

  /** A stream has told of it: its last form is not known any more. */
  touch(key: string): void {
    const digest = this.#digests.get(key);
    if (digest !== undefined) this.#keys.delete(digest);
    this.#digests.set(key, undefined);
  }

  drop(key: string): void {
    this.touch(key);
    this.#digests.delete(key);
  }
}

export class Gathering {
  readonly keys = new Map<string, string>();
  readonly digests = new Map<string, string | undefined>();
  readonly #before: ReadonlyMap<string, string>;
  readonly #known: ReadonlyMap<string, string | undefined>;

  constructor(before: ReadonlyMap<string, string>, known: ReadonlyMap<string, string | undefined>) {
    this.#before = before;
    this.#known = known;
  }

  /** Whether that very form was told before: then there is nothing to tell. */
  isOld(digest: string): boolean {
    const key = this.#before.get(digest);
    if (key === undefined) return false;
    this.add(key, digest);
    return true;
  }

  add(key: string, digest: string): void {
    this.keys.set(digest, key);
    this.digests.set(key, digest);
  }

  /** Keys of what was told before and is in this answer no more. */
  *gone(): Iterable<string> {
    for (const key of this.#known.keys()) if (!this.digests.has(key)) yield key;
  }
}
