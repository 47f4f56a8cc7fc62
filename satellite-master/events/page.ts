/** A page of the index: the next events after a position, in the order of host and service. */
import type { Clock } from '../../shared/clock.ts';
import type { Event } from '../../shared/event.ts';
import { Heap } from '../../shared/heap.ts';
import { byCodeUnit } from '../../shared/text.ts';
import type { EventIndex } from './event-index.ts';
import type { Query } from './query/index.ts';
import { search } from './search.ts';

/** The position of an event in that order; events without a host come first. */
export interface EventPlace {
  readonly host: string;
  readonly service: string;
}

export interface EventPage {
  /** Sorted. */
  readonly events: readonly Event[];
  /** There are more behind the last of them. */
  readonly hasMore: boolean;
}

/** Of the sorted page, so that others get their turn. */
const POPS_PER_TURN = 1_000;

/**
 * Walks the whole index in short turns, and holds no more than one page of it.
 * @param after only events after this position
 * @throws QueryError
 */
export async function pageOf(
  index: EventIndex,
  query: Query,
  { limit, after }: { readonly limit: number; readonly after?: EventPlace | undefined },
  clock: Clock,
): Promise<EventPage> {
  // The last of the page on top: it goes when an earlier one is found.
  const page = new Heap<Event>((a, b) => byPlace(placeOf(a), placeOf(b)) > 0);
  let hasMore = false;
  await search(index, query, clock, (event) => {
    const place = placeOf(event);
    if (after && byPlace(place, after) <= 0) return true;
    if (page.size < limit) page.push(event);
    else {
      hasMore = true;
      if (page.top && byPlace(place, placeOf(page.top)) < 0) {
        page.pop();
        page.push(event);
      }
    }
    return true;
  });
  const events: Event[] = [];
  for (let last = page.pop(); last; last = page.pop()) {
    events.push(last);
    if (events.length % POPS_PER_TURN === 0) await index.readers.next();
  }
  return { events: events.reverse(), hasMore };
}

export function placeOf({ host, service }: Event): EventPlace {
  return { host: host ?? '', service };
}

function byPlace(a: EventPlace, b: EventPlace): number {
  return byCodeUnit(a.host, b.host) || byCodeUnit(a.service, b.service);
}
