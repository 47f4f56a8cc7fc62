import { type Event, eventToJson } from '../../shared/event.ts';
import { Newest } from '../../shared/latest-queue.ts';

/** What one report may hold (docs/rest.md, "Reports and events"). */
export const MOST_EVENTS = 1_000;

/** The newest event of each service; of more services than `most` the one that has waited longest is given up. */
export class WaitingEvents extends Newest<Event> {
  constructor(most = MOST_EVENTS) {
    super({ keyOf: ({ service }) => service, jsonOf: (event) => JSON.stringify(eventToJson(event)), most });
  }
}
