/** Events where none came: fillIn, fillInLast, interpolateConstant. By the clock, not by the time of events. */
import type { Timer } from '../../shared/clock.ts';
import { requireSeconds, StreamArgumentError, shown } from './argument.ts';
import { type Changes, merged } from './change.ts';
import { isExpired } from './item.ts';
import { feed, nowS, type Stream, type StreamContext, type StreamEvent } from './stream.ts';
import { untilExpired } from './until-expired.ts';

/**
 * Passes everything on, and `filler` with the present time whenever `seconds` go by without an event, from the
 * beginning on. An expired event ends that until the next that is not.
 * ```
 * in   1 2       3 expired              fillIn(2, { metric: 0 })
 * out  1 2   0 0 3 expired
 * ```
 */
export function fillIn(context: StreamContext) {
  return (seconds: number, filler: StreamEvent, ...children: Stream<StreamEvent>[]): Stream<StreamEvent> => {
    requireFields('fillIn', filler);
    const gaps = new Gaps(context, requireSeconds('fillIn', seconds), () =>
      feed(context, 'fillIn', children, { ...filler, time: nowS(context) }),
    );
    gaps.begin();
    return (event) => {
      gaps.see(event);
      feed(context, 'fillIn', children, event);
    };
  };
}

/** As `fillIn`, with copies of the last event in which `changes` are made, and only once there was one. */
export function fillInLast(context: StreamContext) {
  return (seconds: number, changes: Changes, ...children: Stream<StreamEvent>[]): Stream<StreamEvent> => {
    requireFields('fillInLast', changes);
    let last: StreamEvent = {};
    const gaps = new Gaps(context, requireSeconds('fillInLast', seconds), () =>
      feed(context, 'fillInLast', children, { ...merged(last, changes), time: nowS(context) }),
    );
    return (event) => {
      last = event;
      gaps.see(event);
      feed(context, 'fillInLast', children, event);
    };
  };
}

/**
 * The last event again and again with the present time, a moment after the first and then every `seconds`, until an
 * expired one comes, which goes on itself, or the last is older than its ttl.
 * ```
 * in   1     2         expired          interpolateConstant(1)
 * out  1  1  1  2  2  2 expired
 * ```
 */
export function interpolateConstant(context: StreamContext) {
  return (seconds: number, ...children: Stream<StreamEvent>[]): Stream<StreamEvent> => {
    requireSeconds('interpolateConstant', seconds);
    const isOver = isExpired(context);
    let last: StreamEvent = {};
    const keepTime = untilExpired(context, seconds, 0, () =>
      feed(context, 'interpolateConstant', children, { ...last, time: nowS(context) }),
    );
    return (event) => {
      last = event;
      keepTime(event);
      if (isOver(event)) feed(context, 'interpolateConstant', children, event);
    };
  };
}

/** Calls `fill` whenever an interval ends without an event, as long as the last had not expired. */
class Gaps {
  readonly #context: StreamContext;
  readonly #ms: number;
  readonly #fill: () => void;
  readonly #isOver: (event: StreamEvent) => boolean;
  #timer: Timer | undefined;

  constructor(context: StreamContext, seconds: number, fill: () => void) {
    this.#context = context;
    this.#ms = seconds * 1000;
    this.#fill = fill;
    this.#isOver = isExpired(context);
  }

  begin(): void {
    this.#timer = this.#context.clock.every(this.#ms, this.#fill);
  }

  see(event: StreamEvent): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (!this.#isOver(event)) this.begin();
  }
}

function requireFields(stream: string, fields: unknown): void {
  if (typeof fields === 'object' && fields !== null && !Array.isArray(fields)) return;
  throw new StreamArgumentError(stream, `needs the fields of an event second, not ${shown(fields)}`);
}
