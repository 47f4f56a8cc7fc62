import { createStreams } from '../../../satellite-master/streams/index.ts';
import type { StreamEvent } from '../../../satellite-master/streams/stream.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';

/** Streams on a clock that is turned by hand, with what went wrong in them. */
export function streamHarness() {
  const clock = new ManualClock();
  const faults: [stream: string, message: string][] = [];
  const fault = (stream: string, error: unknown) => {
    faults.push([stream, error instanceof Error ? error.message : String(error)]);
  };
  const context = { clock, fault };
  return { clock, faults, context, streams: createStreams(context) };
}

/** A child that writes down what it is given. */
export function tap<T = StreamEvent>() {
  const seen: T[] = [];
  return { seen, stream: (item: T) => void seen.push(item) };
}
