/** satellite-master/events */
export { Deadlines } from './deadlines.ts';
export { EventIndex, type FoundKey, MOST_HOSTS, MOST_SERVICES_A_HOST, STALL_MS } from './event-index.ts';
export type { Found } from './refresh.ts';
export { search } from './search.ts';
export { Slot } from './slot.ts';
