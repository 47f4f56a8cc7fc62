/** What waits to be written into a recording, bounded by its estimated size. */
import type { Event } from '../../shared/event.ts';
import type { ReplicaEntry } from '../whitelist/index.ts';
import { eventLine, type Note, noteLine } from './recording-lines.ts';

interface WaitingEvent {
  readonly at: number;
  readonly event: Event;
  readonly own: boolean;
  readonly bytes: number;
}

interface WaitingNote {
  readonly at: number;
  readonly line: string;
}

/** All records as they stood at that moment; entries never change. */
export interface Snapshot {
  readonly at: number;
  readonly records: readonly ReplicaEntry[];
}

/** Lines up to the next snapshot, and that. */
export interface Slice {
  readonly text: string;
  readonly events: number;
  readonly lastAt: number | undefined;
  readonly snapshot: Snapshot | undefined;
}

/** Beside its texts. */
const EVENT_BYTES = 200;
const ATTRIBUTE_BYTES = 64;

export class RecordQueue {
  readonly #maxBytes: number;
  #items: (WaitingEvent | WaitingNote | Snapshot)[] = [];
  #from = 0;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#items.length - this.#from;
  }

  /** @returns false where there is no room */
  pushEvent(at: number, event: Event, own: boolean): boolean {
    const bytes = bytesOf(event);
    if (this.#bytes + bytes > this.#maxBytes) return false;
    this.#bytes += bytes;
    this.#items.push({ at, event, own, bytes });
    return true;
  }

  /** @returns false where there is no room */
  pushNote(at: number, note: Note): boolean {
    const line = noteLine(at, note);
    if (this.#bytes + line.length > this.#maxBytes) return false;
    this.#bytes += line.length;
    this.#items.push({ at, line });
    return true;
  }

  pushSnapshot(snapshot: Snapshot): void {
    this.#items.push(snapshot);
  }

  /** Removes and returns the oldest, at most `max`. */
  dequeue(max: number): Slice {
    let text = '';
    let events = 0;
    let lastAt: number | undefined;
    let snapshot: Snapshot | undefined;
    const end = Math.min(this.#items.length, this.#from + max);
    for (; this.#from < end && !snapshot; this.#from++) {
      const item = this.#items[this.#from];
      if (!item) break;
      lastAt = item.at;
      if ('records' in item) snapshot = item;
      else if ('line' in item) {
        text += item.line;
        this.#bytes -= item.line.length;
      } else {
        text += eventLine(item.at, item.event, item.own);
        this.#bytes -= item.bytes;
        events++;
      }
    }
    if (this.#from === this.#items.length || this.#from > 10_000) {
      this.#items = this.#items.slice(this.#from);
      this.#from = 0;
    }
    return { text, events, lastAt, snapshot };
  }
}

function bytesOf({ service, description, attributes }: Event): number {
  let bytes = EVENT_BYTES + service.length + (description?.length ?? 0);
  for (const key in attributes) bytes += ATTRIBUTE_BYTES + (attributes[key]?.length ?? 0);
  return bytes;
}
