/** Where streams end: the index, the log, another Riemann. What that is, the house says; streams only call it. */
import { addressText, parseAddress, type RiemannAddress } from './address.ts';
import type { Stream, StreamContext, StreamEvent } from './stream.ts';

export interface StreamEffects {
  /** Makes the event the newest of its host and service; one that expired takes it out. */
  readonly index: (event: StreamEvent) => void;
  readonly log: (message: string, item: unknown) => void;
  /** Queues events for another Riemann or Satellite. @param address `host:port` */
  readonly forward: (address: string, events: readonly StreamEvent[]) => void;
  /** A stream was made that will forward there. */
  readonly holdForward?: (address: string) => void;
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

/**
 * Sends events on to another Riemann or Satellite, over Riemann's TCP; lists of them in one message.
 * @param to `host`, `host:port` or `{host, port}`; port 5555 where it names none
 */
export function forward(_context: StreamContext, effects: StreamEffects) {
  return (to: string | RiemannAddress): Stream<StreamEvent | readonly StreamEvent[]> => {
    const address = addressText(parseAddress('forward', to));
    effects.holdForward?.(address);
    return (item) => effects.forward(address, Array.isArray(item) ? item : [item as StreamEvent]);
  };
}
