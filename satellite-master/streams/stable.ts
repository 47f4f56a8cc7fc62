/** Quiet where states flap: stable and hysteresis. */
import type { Timer } from '../../shared/clock.ts';
import { requireSeconds, StreamArgumentError, shown } from './argument.ts';
import { Buffer } from './buffer.ts';
import { type Field, type Filter, fieldOf, isExpired, isTrue, type Predicate, reader, sameValue } from './item.ts';
import { feed, nowS, type Stream, type StreamContext, type StreamEvent } from './stream.ts';

/** Checks that wait for their time; beyond it the one that waits longest is given up. */
const MAX_CHECKS = 1_000;

/**
 * Passes items on once their field has held one value for `seconds`, by their times; what came meanwhile is kept and
 * handed on then, so the children get every item of a steady run, late, and none of a flapping one.
 * ```
 * in    ok ok bad ok ok ok ok ok
 * out                 (ok ok ok)ok ok     a run of ok has lasted long enough here
 * ```
 * As in Riemann each change has the run checked once, `seconds` after it. A check hands on the run if it is old enough,
 * else once more what was handed on last: a run that an item completed before its check comes twice.
 */
export function stable(context: StreamContext) {
  return <T = StreamEvent>(seconds: number, field: Field<T>, ...children: Stream<T>[]): Stream<T> => {
    requireSeconds('stable', seconds);
    const read = reader('stable', field);
    const { clock } = context;
    const kept = new Buffer<T>();
    const checks = new Set<Timer>();
    let value: { readonly now: unknown } | undefined;
    let sinceS = 0;
    let last: readonly T[] = [];
    const handOn = () => {
      for (const item of last) feed(context, 'stable', children, item);
    };
    const check = (timeS: number) => {
      if (kept.size > 0 && timeS - sinceS >= seconds) last = kept.take();
      handOn();
    };
    const checkLater = (timeS: number) => {
      const [oldest] = checks;
      if (checks.size >= MAX_CHECKS && oldest && checks.delete(oldest)) oldest.cancel();
      const timer = clock.after(Math.max(0, timeS * 1000 - clock.wallMs()), () => {
        checks.delete(timer);
        // A timer may run a moment too soon by the wall clock.
        check(Math.max(timeS, nowS(context)));
      });
      checks.add(timer);
    };
    return (item) => {
      const next = read(item);
      const time = fieldOf(item, 'time');
      const timeS = typeof time === 'number' ? time : nowS(context);
      if (value && sameValue(next, value.now)) {
        if (kept.size === 0) last = [item];
        else {
          kept.add(item);
          last = timeS - sinceS >= seconds ? kept.take() : [];
        }
      } else {
        value = { now: next };
        kept.take();
        kept.add(item);
        last = [];
        sinceS = timeS;
        checkLater(timeS + seconds);
      }
      handOn();
    };
  };
}

/**
 * Begins to match when `trigger` does and goes on while `hold` does. A number stands for a metric above it. Expired
 * events move nothing: they are judged by the state they find.
 * ```
 * metric   1  6 11  8  6  5  6       hysteresis(10, 5)
 * matches  -  -  x  x  x  -  -
 * ```
 * @example where(hysteresis(0.9, 0.7), with({ state: 'critical' }, alert))
 */
export function hysteresis(context: StreamContext) {
  return (trigger: number | Predicate, hold: number | Predicate, ...children: Stream<StreamEvent>[]): Filter => {
    const [begins, holds] = [condition('the trigger', trigger), condition('the hold', hold)];
    const isOver = isExpired(context);
    let on = false;
    return (event) => {
      if (!isOver(event)) on = begins(event) || (on && holds(event));
      if (on) feed(context, 'hysteresis', children, event);
      return on;
    };
  };
}

function condition(name: string, given: number | Predicate): (event: StreamEvent) => boolean {
  if (typeof given === 'function') return (event) => isTrue(given(event));
  if (typeof given !== 'number' || Number.isNaN(given))
    throw new StreamArgumentError('hysteresis', `${name} must be a number or a predicate, not ${shown(given)}`);
  return ({ metric }) => typeof metric === 'number' && metric > given;
}
