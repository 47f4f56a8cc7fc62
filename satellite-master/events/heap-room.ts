/**
 * Whether the heap has room for more. V8 ends a process that reaches its limit, so new keys are refused well before.
 * What is live is known only after a full garbage collection; in between, each key that was added counts by a guess.
 */
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { MemoryRoom } from './index-bounds.ts';

/** Above this share of the limit nothing is added. The rest is for requests, answers, and garbage. */
const MAX_SHARE = 0.65;
/** V8's limit includes what it keeps for young objects: none of that is room for what lasts. */
const YOUNG_BYTES = 48 * 1024 * 1024;
/** With its host, its record, and what rules remember of it; a full collection corrects it. */
const BYTES_PER_KEY = 2_048;
/** Reading the heap statistics costs as much as an event: one reading answers this many questions. */
const ASKS_PER_LOOK = 32;

export interface HeapUse {
  readonly limitBytes: number;
  /** With garbage. */
  readonly usedBytes: () => number;
}

export class HeapRoom implements MemoryRoom {
  readonly #use: HeapUse;
  readonly #maxBytes: number;
  /** After the last full collection; undefined: there was none. */
  #liveBytes: number | undefined;
  #added = 0;
  #hadRoom = true;
  #asksLeft = 0;

  constructor(use: HeapUse) {
    this.#use = use;
    this.#maxBytes = use.limitBytes * MAX_SHARE;
  }

  get hasRoom(): boolean {
    if (this.#asksLeft-- > 0) return this.#hadRoom;
    this.#asksLeft = ASKS_PER_LOOK;
    this.#hadRoom = this.#look();
    return this.#hadRoom;
  }

  keyAdded(): void {
    this.#added++;
  }

  /** To be called after each full collection. */
  collected(): void {
    this.#liveBytes = this.#use.usedBytes();
    this.#added = 0;
    this.#asksLeft = 0;
  }

  #look(): boolean {
    if (this.#use.usedBytes() <= this.#maxBytes) return true;
    // Much of it may be garbage. Before the first full collection it is taken for live.
    return this.#liveBytes !== undefined && this.#liveBytes + this.#added * BYTES_PER_KEY <= this.#maxBytes;
  }
}

/** The heap of this process, watched until `close` is called. */
export function watchHeap(): { readonly room: HeapRoom; close(): void } {
  const room = new HeapRoom({
    limitBytes: getHeapStatistics().heap_size_limit - YOUNG_BYTES,
    usedBytes: () => getHeapStatistics().used_heap_size,
  });
  const observer = new PerformanceObserver((list) => {
    if (list.getEntries().some(isFullCollection)) room.collected();
  });
  observer.observe({ entryTypes: ['gc'] });
  return { room, close: () => observer.disconnect() };
}

function isFullCollection(entry: object): boolean {
  const { detail } = entry as { readonly detail?: { readonly kind?: number } };
  return detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}
