/** Where streams end: the index, the log, another Riemann. What that is, the house says; streams only call it. */
import { StreamArgumentError, shown } from './argument.ts';
import type { Stream, StreamContext, StreamEvent } from './stream.ts';

export interface StreamEffects {
  /** Makes the event the newest of its host and service; one that expired takes it out. */
  readonly index: (event: StreamEvent) => void;
  readonly log: (message: string, item: unknown) => void;
  /** Queues events for another Riemann or Satellite: `host` or `host:port`. */
  readonly forward: (address: string, events: readonly StreamEvent[]) => void;
}

/** Where nothing is wired: what streams say goes nowhere. */
export const noEffects: StreamEffects = { index: () => undefined, log: () => undefined, forward: () => undefined };

export function index(_context: StreamContext, effects: StreamEffects) {
  return (): Stream<StreamEvent> => (event) => effects.index(event);
}

/** Writes each item to the log, below `message`. */
export function log(_context: StreamContext, effects: StreamEffects) {
  return <T = StreamEvent>(message = 'stream'): Stream<T> =>
    (item) =>
      effects.log(message, item);
}

/** Sends events on; lists of them in one message. */
export function forward(_context: StreamContext, effects: StreamEffects) {
  return (address: string): Stream<StreamEvent | readonly StreamEvent[]> => {
    if (typeof address !== 'string' || address === '')
      throw new StreamArgumentError('forward', `needs the address of a Riemann, not ${shown(address)}`);
    return (item) => effects.forward(address, Array.isArray(item) ? item : [item as StreamEvent]);
  };
}
