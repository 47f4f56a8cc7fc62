/** The time of events cut into equal windows: fixedTimeWindow, fixedOffsetTimeWindow. No timers: later events end them. */
import { requireSeconds } from './argument.ts';
import { Buffer } from './buffer.ts';
import { fieldOf } from './item.ts';
import { feed, type Stream, type StreamContext, type StreamEvent } from './stream.ts';

/** At most this many empty windows are emitted when time jumps; who fills a series needs no more. */
const MAX_EMPTY = 1_000;

/**
 * The events of each window of `seconds` by their own time, the first beginning with the first event. A window is
 * handed on when an event of a later one arrives, after it an empty one for each in which there was none (1,000 at the
 * most). Events older than the window are dropped; one without time counts for the window that is open. A window
 * holds the newest 10,000.
 * ```
 * time  1  2  5      6  7     12        fixedTimeWindow(5)
 * out         [1 2 5]         [6 7]
 * ```
 */
export function fixedTimeWindow(context: StreamContext) {
  return timeWindows(context, 'fixedTimeWindow', (time) => time);
}

/** As `fixedTimeWindow`, but windows begin at multiples of `seconds`: those of 60 with the minute. */
export function fixedOffsetTimeWindow(context: StreamContext) {
  return timeWindows(context, 'fixedOffsetTimeWindow', (time, seconds) => Math.floor(time / seconds) * seconds);
}

function timeWindows(context: StreamContext, name: string, startAt: (time: number, seconds: number) => number) {
  return <T extends StreamEvent = StreamEvent>(seconds: number, ...children: Stream<readonly T[]>[]): Stream<T> => {
    requireSeconds(name, seconds);
    const held = new Buffer<T>();
    let start: number | undefined;
    return (event) => {
      const time = fieldOf(event, 'time');
      if (typeof time !== 'number') return held.add(event);
      if (start === undefined) {
        start = startAt(time, seconds);
        held.take();
        return held.add(event);
      }
      if (time < start) return;
      if (time < start + seconds) return held.add(event);
      const passed = Math.max(1, Math.floor((time - start) / seconds));
      start += passed * seconds;
      const full = held.take();
      held.add(event);
      feed(context, name, children, full);
      for (let empty = Math.min(passed - 1, MAX_EMPTY); empty > 0; empty--) feed(context, name, children, []);
    };
  };
}
