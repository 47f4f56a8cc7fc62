/**
 * What a stream is: a function that takes items one after another and hands others to its children. No I/O and no
 * clock of its own: time comes in through the context, so that tests and replays turn it by hand.
 */
import type { Clock } from '../../shared/clock.ts';
import type { Event } from '../../shared/event.ts';

/** An event on its way through streams: any field may be absent, as in Riemann; a rule may have made a host of any text. */
export interface StreamEvent extends Partial<Omit<Event, 'host'>> {
  readonly host?: string;
}

/** Takes single events, or with `T` a vector of them or what a fold made. */
export interface Stream<T = StreamEvent> {
  (item: T): void;
  /** Called by a filter above it whose condition holds for the item, just before the item itself. */
  readonly conditionHolds?: (item: T, filter: object) => void;
  /** Called by a filter above it whose condition does not hold for the item: the item itself does not come. */
  readonly conditionFails?: (item: T, filter: object) => void;
}

export interface StreamContext {
  readonly clock: Clock;
  /** A child threw: logged, counted, and its siblings go on. `stream` is the name of the function that called it. */
  readonly fault: (stream: string, error: unknown) => void;
}

/** Hands an item to each child in order; one that throws stops no other. */
export function feed<T>(context: StreamContext, name: string, children: readonly Stream<T>[], item: T): void {
  for (const child of children) {
    try {
      child(item);
    } catch (error) {
      context.fault(name, error);
    }
  }
}

/** Tells the children of a filter whether its condition holds; a filter hands on to its own children that it fails. */
export function feedCondition<T>(
  context: StreamContext,
  name: string,
  { children, filter, holds }: { children: readonly Stream<T>[]; filter: object; holds: boolean },
  item: T,
): void {
  for (const child of children) {
    try {
      if (holds) child.conditionHolds?.(item, filter);
      else child.conditionFails?.(item, filter);
    } catch (error) {
      context.fault(name, error);
    }
  }
  if (holds) feed(context, name, children, item);
}

/** A filter that notifies its children when an item fails its condition, or that of a filter above it. */
export function conditional<T>(
  context: StreamContext,
  name: string,
  children: readonly Stream<T>[],
  accepts: (item: T) => boolean,
): (item: T) => boolean {
  const filter = {};
  const apply = (item: T, holds: boolean) => feedCondition(context, name, { children, filter, holds }, item);
  const stream = (item: T): boolean => {
    const holds = accepts(item);
    apply(item, holds);
    return holds;
  };
  return Object.assign(stream, { conditionFails: (item: T) => apply(item, false) });
}

/** Unix seconds by the context's clock. */
export function nowS({ clock }: StreamContext): number {
  return clock.wallMs() / 1000;
}
