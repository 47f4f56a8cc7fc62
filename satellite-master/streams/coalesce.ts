import { requireSeconds } from './argument.ts';
import { expire, isExpired } from './item.ts';
import { feed, type Stream, type StreamContext, type StreamEvent } from './stream.ts';

/**
 * The newest event of each host and service, all together: a moment after the first event and then every `seconds`
 * (1 where none are given), as long as it holds any. One that expires, by word or by age, is among them once more, as
 * expired, and then forgotten; when none is left it is quiet until the next event. Sorted by host and service.
 * ```
 * in   a1      b1    a2    a expired
 * out  |[a1]     [a1 b1]  [a2 b1]  [a expired, b1]  [b1] ...
 * ```
 * @example by('host', () => coalesce(60, smap(worst, index())))
 */
export function coalesce(context: StreamContext) {
  return (...args: [number, ...Stream<readonly StreamEvent[]>[]] | Stream<readonly StreamEvent[]>[]) => {
    const [first, ...rest] = args;
    const [seconds, children] = typeof first === 'function' ? [1, args] : [first, rest];
    const periodMs = requireSeconds('coalesce', seconds as number) * 1000;
    const [isOver, expired] = [isExpired(context), expire(context)];
    const held = new Map<string, StreamEvent>();
    let ticks = false;
    const tick = () => {
      const events: StreamEvent[] = [];
      for (const [key, event] of held) {
        const over = isOver(event);
        if (over) held.delete(key);
        events.push(over && event.state !== 'expired' ? expired(event) : event);
      }
      ticks = held.size > 0;
      if (ticks) context.clock.after(periodMs, tick);
      feed(context, 'coalesce', children as Stream<readonly StreamEvent[]>[], events.sort(byHostAndService));
    };
    return (event: StreamEvent): void => {
      const key = `${JSON.stringify(event.host)} ${event.service}`;
      // What is not held has been said to be expired, or was never alive here.
      if (isOver(event) && !held.has(key)) return;
      held.set(key, event);
      if (ticks) return;
      ticks = true;
      context.clock.after(0, tick);
    };
  };
}

function byHostAndService(a: StreamEvent, b: StreamEvent): number {
  return compare(a.host, b.host) || compare(a.service, b.service);
}

function compare(a = '', b = ''): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
