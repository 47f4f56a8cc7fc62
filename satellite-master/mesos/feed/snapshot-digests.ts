/** A digest of each thing of one kind that was sent to the model, so that only differences are sent. */
import { hash } from 'node:crypto';

export function digestOf(content: Buffer | string): string {
  return hash('sha1', content, 'base64');
}

export class SnapshotDigests {
  /** Key of a thing by its last digest. */
  #keys = new Map<string, string>();
  /** Digest by key; undefined: it has changed since the last snapshot. */
  #digests = new Map<string, string | undefined>();

  /** Begins to compare a snapshot with what was sent. */
  begin(): SnapshotComparison {
    return new SnapshotComparison(this.#keys, this.#digests);
  }

  /** From now on snapshots are compared with this one. */
  settle({ keys, digests }: SnapshotComparison): void {
    this.#keys = keys;
    this.#digests = digests;
  }

  /** An event has changed it: its digest is not known any more. */
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

export class SnapshotComparison {
  readonly keys = new Map<string, string>();
  readonly digests = new Map<string, string | undefined>();
  readonly #before: ReadonlyMap<string, string>;
  readonly #known: ReadonlyMap<string, string | undefined>;

  constructor(before: ReadonlyMap<string, string>, known: ReadonlyMap<string, string | undefined>) {
    this.#before = before;
    this.#known = known;
  }

  /** Whether the same content was sent before; then there is nothing to send. */
  isKnown(digest: string): boolean {
    const key = this.#before.get(digest);
    if (key === undefined) return false;
    this.add(key, digest);
    return true;
  }

  add(key: string, digest: string): void {
    this.keys.set(digest, key);
    this.digests.set(key, digest);
  }

  /** Keys of what was sent before and is missing in this snapshot. */
  *gone(): Iterable<string> {
    for (const key of this.#known.keys()) if (!this.digests.has(key)) yield key;
  }
}
