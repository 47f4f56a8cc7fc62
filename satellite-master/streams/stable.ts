/** Quiet where states flap: stable and hysteresis. */
import type { Timer } from '../../shared/clock.ts';
import { requireSeconds, StreamArgumentError, shown } from './argument.ts';
import { Buffer } from './buffer.ts';
import { type Field, type Filter, isExpired, isTrue, type Predicate, reader, sameValue } from './item.ts';
import { feed, type Stream, type StreamContext, type StreamEvent } from './stream.ts';

/**
 * Passes items on once their field has held one value for `seconds` by the clock; what came meanwhile is kept and
 * handed on then, so the children see every item of a steady run, late, and none of a flapping one.
 * ```
 * in    ok ok bad ok ok ok ok ok
 * out                 (ok ok ok)ok ok     a run of ok has lasted long enough here
 * ```
 */
export function stable(context: StreamContext) {
  return <T = StreamEvent>(seconds: number, field: Field<T>, ...children: Stream<T>[]): Stream<T> => {
    requireSeconds('stable', seconds);
    const read = reader('stable', field);
    const kept = new Buffer<T>();
    const { clock } = context;
    let value: unknown;
    let phase: 'empty' | 'waiting' | 'steady' = 'empty';
    let sinceMs = 0;
    let timers: Timer[] = [];
    let settled: readonly T[] = [];
    const settle = () => {
      if (phase === 'waiting') {
        phase = 'steady';
        settled = kept.take();
      }
      const items = settled;
      timers.shift();
      if (timers.length === 0) settled = [];
      for (const item of items) feed(context, 'stable', children, item);
    };
    const change = () => {
      // As in Riemann, changes in one and the same moment each have the run handed on, so it comes as often.
      if (clock.monoMs() > sinceMs || phase !== 'waiting') {
        for (const timer of timers) timer.cancel();
        timers = [];
      }
      kept.take();
      phase = 'waiting';
      sinceMs = clock.monoMs();
      timers.push(clock.after(seconds * 1000, settle));
    };
    return (item) => {
      const next = read(item);
      if (phase === 'empty' || !sameValue(next, value)) change();
      value = next;
      if (phase === 'steady') feed(context, 'stable', children, item);
      else kept.add(item);
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
