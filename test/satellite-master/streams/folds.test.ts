import { describe, expect, it } from 'vitest';
import * as folds from '../../../satellite-master/streams/folds.ts';
import { sortedSample, sortedSampleExtract } from '../../../satellite-master/streams/sorted-sample.ts';
import { mean, mode, rateOf, stdDev, variance } from '../../../satellite-master/streams/statistics.ts';
import type { StreamEvent } from '../../../satellite-master/streams/stream.ts';

const event = (metric?: number, time = 0, host = 'h'): StreamEvent => ({
  host,
  time,
  ...(metric === undefined ? {} : { metric }),
});

describe('folds', () => {
  it.each([
    ['sum', folds.sum, 0],
    ['product', folds.product, 1],
  ])('%s of events without metrics is the neutral number', (_, fold, metric) => {
    expect(fold([event(), event()])).toEqual({ ...event(), metric });
  });

  it.each([
    ['sumStrict', folds.sumStrict],
    ['productStrict', folds.productStrict],
    ['differenceStrict', folds.differenceStrict],
    ['quotientStrict', folds.quotientStrict],
  ])('%s throws where an event or a metric is missing', (_, fold) => {
    expect(() => fold([event(1), event()])).toThrow(TypeError);
    expect(() => fold([null, event(1)])).toThrow(TypeError);
  });

  it('says why there is no quotient', () => {
    expect(folds.quotient([event(1), event(0)])).toEqual({ ...event(), description: "Can't divide by zero" });
    expect(folds.quotient([event(1), undefined])).toEqual({ ...event(), description: 'An event or metric was nil.' });
    expect(folds.quotient([undefined, event(1)])).toBeUndefined();
    expect(() => folds.quotientStrict([event(1), event(0)])).toThrow(RangeError);
    expect(folds.quotientSloppy([event(0), event(0)])).toEqual(event(0));
  });

  it('takes the last of equal extremes', () => {
    const events = [event(1, 1), event(2, 2), event(1, 3), event(2, 4)];
    expect(folds.minimum(events)?.time).toBe(3);
    expect(folds.maximum(events)?.time).toBe(4);
  });

  it('leaves the events as they were', () => {
    const events = [Object.freeze(event(3)), Object.freeze(event(1))];
    for (const fold of [folds.sum, folds.difference, mean, stdDev, folds.minimum]) fold(events);
    sortedSample(events, [0, 1]);
    expect(events).toEqual([event(3), event(1)]);
  });

  it('folds with any function, and throws where it has nothing to begin with', () => {
    expect(folds.fold(Math.max, [event(1), undefined, event(5)])).toEqual(event(5));
    expect(folds.fold(Math.max, [event()], 0)).toEqual(event(0));
    expect(() => folds.fold(Math.max, [event()])).toThrow(TypeError);
    expect(folds.fold(Math.max, [])).toBeUndefined();
  });

  it('finds the most frequent metric, of several the first', () => {
    expect(mode([event(1, 1), event(2, 2), event(), event(2, 3), event(1, 4)])).toEqual(event(1, 1));
    expect(mode([event(1), event(2, 2), event(2, 3)])).toEqual(event(2, 2));
    expect(mode([event()])).toBeUndefined();
  });

  it('measures spread over the whole, not over a sample', () => {
    expect(variance([event(2), event(4), event(), event(6)])?.metric).toBeCloseTo(8 / 3, 12);
    expect(stdDev([event(3)])?.metric).toBe(0);
    expect(() => stdDev([event()])).toThrow(RangeError);
  });

  it('tells how fast a metric moved, by the time of the events and not by their order', () => {
    expect(rateOf([event(7, 20), event(1, 10), event()])).toEqual({ ...event(0.6, 20) });
    expect(rateOf([event(7, 20), event(1, 20)])).toBeUndefined();
    expect(rateOf([event(7, 20)])).toBeUndefined();
  });

  it('takes points beyond the ends for the ends, and names from a list, a map or an object', () => {
    const events = [event(2), event(1)];
    expect(sortedSampleExtract(events, [-1, 0, 1, 2]).map(({ metric }) => metric)).toEqual([1, 1, 2, 2]);
    const services = (points: Parameters<typeof sortedSample>[1]) =>
      sortedSample([{ ...event(1), service: 's' }], points).map(({ service }) => service);
    expect(services([0.5])).toEqual(['s 0.5']);
    expect(services({ 1: '.max', 0.5: '.median' })).toEqual(['s.median', 's.max']);
    expect(services(new Map([[1, ' max']]))).toEqual(['s max']);
  });
});
