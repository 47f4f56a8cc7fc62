/** Checksums of the embedded store: they detect damage by disks and file systems, not forgery. */
import { createHash } from 'node:crypto';

/** Of a text, as 16 hexadecimal digits. */
export function checksumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/**
 * One checksum over a set of texts that is kept up to date without reading the others: the sum of their checksums.
 * Each text has to name what it belongs to, so that no two of the set are equal.
 */
export class SetChecksum {
  readonly #parts = new Map<string, bigint>();
  #sum = 0n;

  /** @param checksum of the text now under this key; undefined: there is none any more */
  set(key: string, checksum: string | undefined): void {
    this.#sum -= this.#parts.get(key) ?? 0n;
    if (checksum === undefined) {
      this.#parts.delete(key);
    } else {
      const part = BigInt(`0x${checksum}`);
      this.#parts.set(key, part);
      this.#sum += part;
    }
    this.#sum = BigInt.asUintN(64, this.#sum);
  }

  /** 16 hexadecimal digits. */
  get value(): string {
    return this.#sum.toString(16).padStart(16, '0');
  }
}
