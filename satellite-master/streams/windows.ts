/** Windows of events: the last few, the next few, or those of the last seconds. Windows of fixed time: fixed-time-window.ts. */
import { requireCount, requireSeconds } from './argument.ts';
import { fieldOf } from './item.ts';
import { Queue } from './queue.ts';
import { feed, type Stream, type StreamContext, type StreamEvent } from './stream.ts';

type Vectors<T> = Stream<readonly T[]>[];

/**
 * With every item the last `count` of them, oldest first; fewer as long as there were fewer. Time does not matter.
 * ```
 * in   1   2     3       4              movingEventWindow(3)
 * out [1] [1 2] [1 2 3] [2 3 4]
 * ```
 * @example movingEventWindow(5, smap(mean, index()))
 */
export function movingEventWindow(context: StreamContext) {
  return lastItems(context, 'movingEventWindow');
}

/** Another name for `movingEventWindow`, as in Riemann. */
export function window(context: StreamContext) {
  return lastItems(context, 'window');
}

function lastItems(context: StreamContext, name: string) {
  return <T = StreamEvent>(count: number, ...children: Vectors<T>): Stream<T> => {
    requireCount(name, count);
    const last = new Queue<T>(count);
    return (item) => {
      last.add(item);
      feed(context, name, children, last.list());
    };
  };
}

/**
 * Emits `count` items together as soon as there are so many, then starts again.
 * ```
 * in   1 2 3       4 5 6                fixedEventWindow(3)
 * out     [1 2 3]     [4 5 6]
 * ```
 */
export function fixedEventWindow(context: StreamContext) {
  return <T = StreamEvent>(count: number, ...children: Vectors<T>): Stream<T> => {
    requireCount('fixedEventWindow', count);
    let held: T[] = [];
    return (item) => {
      held.push(item);
      if (held.length < count) return;
      const items = held;
      held = [];
      feed(context, 'fixedEventWindow', children, items);
    };
  };
}

/**
 * With every event those of the last `seconds`, in the order in which they came. Now is the greatest time of an event
 * yet seen; one exactly `seconds` old is out, and one that comes too late for the window is passed over. It holds the
 * newest 10,000.
 * ```
 * time  1   2     4       6     20      movingTimeWindow(5)
 * out  [1] [1 2] [1 2 4] [2 4 6] [20]
 * ```
 * @throws TypeError for an event without time
 * @example by(['host', 'service'], () => movingTimeWindow(300, smap(maximum, index())))
 */
export function movingTimeWindow(context: StreamContext) {
  return <T extends StreamEvent = StreamEvent>(seconds: number, ...children: Vectors<T>): Stream<T> => {
    const recent = new Recent<T>(requireSeconds('movingTimeWindow', seconds));
    return (event) => {
      if (recent.add(event, timeOf('movingTimeWindow', event)))
        feed(context, 'movingTimeWindow', children, recent.list());
    };
  };
}

/** @throws TypeError where the event has no time */
export function timeOf(stream: string, event: StreamEvent): number {
  const time = fieldOf(event, 'time');
  if (typeof time === 'number') return time;
  throw new TypeError(`${stream}: an event without time`);
}

/** Events of the last seconds by their own time, in order of arrival. */
class Recent<T extends StreamEvent> {
  readonly #seconds: number;
  readonly #events = new Queue<T>();
  #cutoff = 0;
  /** Whether one came after another with a later time: then the oldest need not stand first. */
  #disordered = false;

  constructor(seconds: number) {
    this.#seconds = seconds;
  }

  /** False when it came too late. */
  add(event: T, time: number): boolean {
    const moved = time - this.#seconds > this.#cutoff;
    if (moved) this.#cutoff = time - this.#seconds;
    if (time <= this.#cutoff) return false;
    const { newest } = this.#events;
    if (newest && time < at(newest)) this.#disordered = true;
    this.#events.add(event);
    if (moved) this.#forget();
    return true;
  }

  list(): T[] {
    return this.#events.list();
  }

  #forget(): void {
    if (this.#disordered) {
      const inside = this.#events.list().filter((event) => at(event) > this.#cutoff);
      this.#disordered = inside.some((event, index) => index > 0 && at(event) < at(inside[index - 1]));
      this.#events.replace(inside);
      return;
    }
    while (this.#events.size > 0 && at(this.#events.oldest) <= this.#cutoff) this.#events.dropOldest();
  }
}

/** Of an event that was let in because it has a time. */
function at(event: StreamEvent | undefined): number {
  return event?.time ?? 0;
}
