/** Looks a query up in the index: where it names hosts or services, only there. */
import type { Clock } from '../../shared/clock.ts';
import type { Event } from '../../shared/event.ts';
import type { EventIndex, IndexEntry } from './event-index.ts';
import type { Query } from './query/index.ts';
import { compileQuery, keysOf } from './query/index.ts';

/** Then others get their turn: a query over a large index takes long, and the intake is not to wait for it. */
const TURN_MS = 2;
const LOOK_EVERY = 64;

/**
 * Hands over each event that matches, in no order, in turns of a few milliseconds; what comes and goes meanwhile may be
 * there or not. `found` ends the search by returning false;
 * `turn` may hold it up now and then.
 * @throws QueryError for a pattern that can't be read
 */
export async function search(
  index: EventIndex,
  query: Query,
  clock: Clock,
  found: (event: Event) => boolean,
  turn?: () => Promise<void>,
): Promise<void> {
  const matches = compileQuery(query);
  await index.readers.next();
  let turnMs = clock.monoMs();
  let looked = 0;
  for (const { event } of candidates(index, query)) {
    if (matches(event) && !found(event)) return;
    if (++looked % LOOK_EVERY !== 0) continue;
    await turn?.();
    if (clock.monoMs() - turnMs < TURN_MS) continue;
    await index.readers.next();
    turnMs = clock.monoMs();
  }
}

function* candidates(index: EventIndex, query: Query): Iterable<IndexEntry> {
  const { hosts, services } = keysOf(query);
  if (!hosts && !services) {
    yield* index.all();
    return;
  }
  for (const host of hosts ?? index.hostNames()) {
    if (!services) {
      yield* index.ofHost(host);
      continue;
    }
    for (const service of services) {
      const entry = index.get(host, service);
      if (entry) yield entry;
    }
  }
}
