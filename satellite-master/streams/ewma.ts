/** Exponentially weighted moving averages: ewma, ewmaTimeless. Constant time and memory. */
import { requireNumber, requireSeconds } from './argument.ts';
import { feed, type Stream, type StreamContext, type StreamEvent } from './stream.ts';

/**
 * The metric averaged so that what came `halfLife` seconds ago by the time of events weighs half. Between events of one
 * time nothing decays: they add up, as in Riemann. Late ones weigh less by how late they are, and go on with the time
 * of the newest. What has no metric goes on as it is.
 */
export function ewma(context: StreamContext) {
  return (halfLife: number, ...children: Stream<StreamEvent>[]): Stream<StreamEvent> => {
    const kept = Math.exp(Math.log(0.5) / requireSeconds('ewma', halfLife));
    let average = 0;
    let newest: number | undefined;
    return (event) => {
      if (typeof event.metric !== 'number') return feed(context, 'ewma', children, event);
      const time = event.time ?? 0;
      const passed = time - (newest ?? time);
      const share = (1 - kept) * event.metric;
      average = passed > 0 ? share + average * kept ** passed : average + share * kept ** -passed;
      newest = passed > 0 || newest === undefined ? time : newest;
      feed(context, 'ewma', children, { ...event, metric: average, time: newest });
    };
  };
}

/**
 * The metric averaged so that each new one weighs `share` and all before the rest, whenever they came. 1 is the last
 * metric alone. What has no metric goes on as it is.
 * ```
 * metric  1    1    1                   ewmaTimeless(0.5)
 * out     0.5  0.75 0.875
 * ```
 */
export function ewmaTimeless(context: StreamContext) {
  return (share: number, ...children: Stream<StreamEvent>[]): Stream<StreamEvent> => {
    requireNumber('ewmaTimeless', 'the share', share);
    let average = 0;
    return (event) => {
      if (typeof event.metric !== 'number') return feed(context, 'ewmaTimeless', children, event);
      average = share * event.metric + (1 - share) * average;
      feed(context, 'ewmaTimeless', children, { ...event, metric: average });
    };
  };
}
