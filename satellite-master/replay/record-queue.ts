/** What waits to be written into a recording, bounded by its estimated size. */
import type { Event } from '../../shared/event.ts';
import { eventLine, type Note, noteLine } from './recording-lines.ts';

interface WaitingEvent {
  readonly at: number;
  readonly event: Event;
  readonly own: boolean;
  readonly bytes: number;
}

interface WaitingNote {
  readonly at: number;
  readonly note: Note;
}

/** Beside its texts. */
const EVENT_BYTES = 200;
const ATTRIBUTE_BYTES = 64;

export class RecordQueue {
  readonly #mostBytes: number;
  #items: (WaitingEvent | WaitingNote)[] = [];
  #from = 0;
  #bytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get size(): number {
    return this.#items.length - this.#from;
  }

  /** @returns false where there is no room */
  pushEvent(at: number, event: Event, own: boolean): boolean {
    const bytes = bytesOf(event);
    if (this.#bytes + bytes > this.#mostBytes) return false;
    this.#bytes += bytes;
    this.#items.push({ at, event, own, bytes });
    return true;
  }

  /** Notes are few, and always find room. */
  pushNote(at: number, note: Note): void {
    this.#items.push({ at, note });
  }

  /** Takes out the first, as lines. */
  take(most: number): { readonly text: string; readonly events: number; readonly lastAt: number | undefined } {
    let text = '';
    let events = 0;
    let lastAt: number | undefined;
    const end = Math.min(this.#items.length, this.#from + most);
    for (; this.#from < end; this.#from++) {
      const item = this.#items[this.#from];
      if (!item) break;
      lastAt = item.at;
      if ('note' in item) text += noteLine(item.at, item.note);
      else {
        text += eventLine(item.at, item.event, item.own);
        this.#bytes -= item.bytes;
        events++;
      }
    }
    if (this.#from === this.#items.length || this.#from > 10_000) {
      this.#items = this.#items.slice(this.#from);
      this.#from = 0;
    }
    return { text, events, lastAt };
  }
}

function bytesOf({ service, description, attributes }: Event): number {
  let bytes = EVENT_BYTES + service.length + (description?.length ?? 0);
  for (const key in attributes) bytes += ATTRIBUTE_BYTES + (attributes[key]?.length ?? 0);
  return bytes;
}
