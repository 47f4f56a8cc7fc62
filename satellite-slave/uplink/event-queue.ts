import { type Event, eventToJson } from '../../shared/event.ts';
import { LatestQueue } from '../../shared/latest-queue.ts';

/** Events in one report (docs/rest.md). */
export const MAX_EVENTS = 1_000;

/** The newest event of each service; beyond `maxServices` the one that has waited longest is dropped. */
export class EventQueue extends LatestQueue<Event> {
  constructor(maxServices = MAX_EVENTS) {
    super({
      keyOf: ({ service }) => service,
      jsonOf: (event) => JSON.stringify(eventToJson(event)),
      maxItems: maxServices,
    });
  }
}
