import { StreamArgumentError, shown } from './argument.ts';
import { expire, isExpired, isTrue, type Predicate } from './item.ts';
import { feed, type Stream, type StreamContext, type StreamEvent } from './stream.ts';

/** One slot for each predicate: the newest event that matched it, or none. */
export type Projection = readonly (StreamEvent | undefined)[];

/**
 * Puts events beside each other: whenever one matches, the list of the newest event for each predicate. A slot whose
 * event expires is in the list once as expired, and then empty.
 * @example project([service('failed'), service('started')], smap(quotient, index()))
 */
export function project(context: StreamContext) {
  return (predicates: readonly Predicate[], ...children: Stream<Projection>[]): Stream<StreamEvent> => {
    if (!Array.isArray(predicates) || !predicates.every((one) => typeof one === 'function'))
      throw new StreamArgumentError('project', `needs a list of predicates first, not ${shown(predicates)}`);
    const [isOver, expired] = [isExpired(context), expire(context)];
    let slots: Projection = predicates.map(() => undefined);
    return (event) => {
      const matched = predicates.map((predicate) => isTrue(predicate(event)));
      if (!matched.includes(true)) return;
      const seen = slots.map((slot, at) => (matched[at] ? event : slot));
      slots = seen.map((slot) => (slot && isOver(slot) ? undefined : slot));
      feed(
        context,
        'project',
        children,
        seen.map((slot) => (slot && isOver(slot) ? expired(slot) : slot)),
      );
    };
  };
}
