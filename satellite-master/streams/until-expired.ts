import type { Timer } from '../../shared/clock.ts';
import { isExpired } from './item.ts';
import { nowS, type StreamContext, type StreamEvent } from './stream.ts';

/**
 * Calls `task` every `seconds` from the first event on, `delayS` after it for the first time, as long as the last
 * event holds: an expired one stops it, or that the ttl of the last runs out. One without ttl holds for ever.
 */
export function untilExpired(
  context: StreamContext,
  seconds: number,
  delayS: number,
  task: () => void,
): (event: StreamEvent) => void {
  const isOver = isExpired(context);
  let timer: Timer | undefined;
  let untilS = Number.POSITIVE_INFINITY;
  const stop = () => {
    timer?.cancel();
    timer = undefined;
  };
  const tick = () => {
    if (untilS < nowS(context)) stop();
    else task();
  };
  const start = () => {
    timer = context.clock.every(seconds * 1000, tick);
    tick();
  };
  return (event) => {
    const { ttl, time } = event;
    untilS = typeof ttl === 'number' && typeof time === 'number' ? time + ttl : Number.POSITIVE_INFINITY;
    if (isOver(event)) return stop();
    timer ??=
      delayS === seconds ? context.clock.every(seconds * 1000, tick) : context.clock.after(delayS * 1000, start);
  };
}
