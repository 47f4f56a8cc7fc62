/**
 * Finds what belongs to a (host, service) by the bytes in which the two came over the wire, so that no text has to be
 * made of them. Keys are ASCII; all others are found by their text elsewhere.
 */

/** What is looked for. `host` and `service` never change. */
export interface RawKeyed {
  /** Absent: an event without a host. */
  readonly host: string | undefined;
  readonly service: string;
  /** It is no longer in the index: whoever finds it finds nothing. */
  gone: boolean;
}

const FIRST_CAPACITY = 1024;
const NOT_ASCII = -1;

/** Open addressing; places of what is gone are left behind when the table grows or is full of them. */
export class RawKeys<T extends RawKeyed> {
  #hashes = new Int32Array(FIRST_CAPACITY);
  #entries: (T | undefined)[] = new Array<T | undefined>(FIRST_CAPACITY).fill(undefined);
  #used = 0;

  /** Makes an entry findable; one whose key is not ASCII stays unknown here. */
  add(entry: T): void {
    const hash = hashOfTexts(entry.host ?? '', entry.service);
    if (hash === NOT_ASCII) return;
    if (this.#used * 2 >= this.#entries.length) this.#renew();
    this.#put(entry, hash);
  }

  /** @param hostFrom and so on: where the two lie in the bytes; an empty host: none */
  find(bytes: Uint8Array, hostFrom: number, hostTo: number, serviceFrom: number, serviceTo: number): T | undefined {
    let hash = 0x811c_9dc5;
    for (let at = hostFrom; at < hostTo; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x0100_0193);
    hash = Math.imul(hash ^ 0xff, 0x0100_0193);
    for (let at = serviceFrom; at < serviceTo; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x0100_0193);
    hash = mixed(hash);
    const mask = this.#entries.length - 1;
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const entry = this.#entries[place];
      if (entry === undefined) return undefined;
      if (
        this.#hashes[place] === hash &&
        !entry.gone &&
        isSameText(entry.service, bytes, serviceFrom, serviceTo) &&
        isSameText(entry.host ?? '', bytes, hostFrom, hostTo)
      )
        return entry;
    }
  }

  #put(entry: T, hash: number): void {
    const mask = this.#entries.length - 1;
    let place = hash & mask;
    while (this.#entries[place] !== undefined) place = (place + 1) & mask;
    this.#entries[place] = entry;
    this.#hashes[place] = hash;
    this.#used++;
  }

  #renew(): void {
    const [entries, hashes] = [this.#entries, this.#hashes];
    const live = entries.reduce((count, entry) => count + (entry && !entry.gone ? 1 : 0), 0);
    let capacity = FIRST_CAPACITY;
    while (capacity < live * 3) capacity *= 2;
    this.#entries = new Array<T | undefined>(capacity).fill(undefined);
    this.#hashes = new Int32Array(capacity);
    this.#used = 0;
    for (const [place, entry] of entries.entries()) if (entry && !entry.gone) this.#put(entry, hashes[place] as number);
  }
}

/** Whether the bytes are this text; never for text beyond ASCII. */
export function isSameText(text: string, bytes: Uint8Array, from: number, to: number): boolean {
  if (text.length !== to - from) return false;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    if (byte >= 0x80 || text.charCodeAt(at - from) !== byte) return false;
  }
  return true;
}

function hashOfTexts(host: string, service: string): number {
  let hash = 0x811c_9dc5;
  for (let at = 0; at < host.length; at++) hash = Math.imul(hash ^ host.charCodeAt(at), 0x0100_0193);
  hash = Math.imul(hash ^ 0xff, 0x0100_0193);
  for (let at = 0; at < service.length; at++) {
    const unit = service.charCodeAt(at);
    if (unit >= 0x80) return NOT_ASCII;
    hash = Math.imul(hash ^ unit, 0x0100_0193);
  }
  return mixed(hash);
}

/** Never negative. */
function mixed(hash: number): number {
  const low = Math.imul(hash ^ (hash >>> 15), 0x2c1b_3c6d);
  return (low ^ (low >>> 13)) & 0x7fff_ffff;
}
