/** Live events: the hub through which they come and go, the index that keeps the newest of each service, presence. */

export { Deadlines } from './deadlines.ts';
export { EventHub, type HubCounters, type HubSubscriber, type Origin } from './event-hub.ts';
export { EventIndex, type FoundKey, type IndexOutcome, MAX_HOSTS, STALL_MS } from './event-index.ts';
export { watchHeap } from './heap-room.ts';
export { type IndexBounds, isRefusal, MAX_TESTS_PER_HOST, type RefusedEvent, refusalText } from './index-bounds.ts';
export { type EventPlace, pageOf, placeOf } from './page.ts';
export { Presence, type QuietHost } from './presence.ts';
export type { Found } from './refresh.ts';
export { search } from './search.ts';
export { Slot } from './slot.ts';
