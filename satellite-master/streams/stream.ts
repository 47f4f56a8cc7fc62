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
export type Stream<T = StreamEvent> = (item: T) => void;

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

/** Unix seconds by the context's clock. */
export function nowS({ clock }: StreamContext): number {
  return clock.wallMs() / 1000;
}
