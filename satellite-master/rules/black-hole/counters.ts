/**
 * The coarse source: what agents counted themselves, as slaves report it (`mesos/slave/total-tasks-…`). Tells nothing of
 * applications, so that it is asked only for hosts whose tasks are not known one by one.
 */

import { interruptibly, type LongWork } from '../../../shared/cooperative.ts';
import type { Event } from '../../../shared/event.ts';
import { TEST_PREFIX } from '../../../shared/event.ts';
import { addCounts, type Cell, type Counts, type Group, noCounts, type WindowCounts } from './counts.ts';
import type { AgentErrors } from './verdict.ts';

/** What all tasks of a host are called where nothing is known of applications. */
export const ANY_APPLICATION = 'tasks of any application';

type CounterName = Exclude<keyof Counters, 'heardS'>;

/** A map: services are named by whoever reports, and `constructor` is a name like any other. */
const SERVICES: ReadonlyMap<string, CounterName> = new Map([
  [`${TEST_PREFIX}total-tasks-started`, 'started'],
  [`${TEST_PREFIX}total-tasks-failed`, 'failed'],
  [`${TEST_PREFIX}total-tasks-finished`, 'finished'],
]);

/** Attributes of `total-tasks-failed`: counters of the same agent. */
const ATTRIBUTES: readonly (readonly [attribute: string, counter: CounterName])[] = [
  ['container-launch-errors', 'launchErrors'],
  ['recovery-errors', 'recoveryErrors'],
  ['container-destroy-errors', 'destroyErrors'],
];

/** Increments of one counter. A value below the last one is a new beginning: nothing is known of what lies between. */
class Counter {
  #last: number | undefined;
  #sum = 0;
  readonly #increments: { readonly atS: number; readonly by: number }[] = [];

  take(value: number, atS: number): void {
    const by = this.#last === undefined ? 0 : Math.max(0, value - this.#last);
    this.#last = value;
    if (by === 0) return;
    this.#sum += by;
    this.#increments.push({ atS, by });
  }

  sumSince(fromS: number): number {
    while (this.#increments[0] && this.#increments[0].atS < fromS) this.#sum -= this.#increments.shift()?.by ?? 0;
    return this.#sum;
  }
}

class Counters {
  readonly started = new Counter();
  readonly failed = new Counter();
  readonly finished = new Counter();
  readonly launchErrors = new Counter();
  readonly recoveryErrors = new Counter();
  readonly destroyErrors = new Counter();
  heardS = 0;
}

const MAX_HOSTS = 100_000;

export class AgentCounters {
  readonly #windowS: number;
  readonly #hosts = new Map<string, Counters>();
  #nowS = 0;

  constructor(windowS: number) {
    this.#windowS = windowS;
  }

  /** @param atS when it arrived */
  take({ host, service, state, metric, attributes }: Event, atS: number): void {
    const name = SERVICES.get(service);
    if (name === undefined || host === undefined || metric === undefined || state === 'expired') return;
    const counters = this.#hosts.get(host) ?? new Counters();
    if (!this.#hosts.has(host) && this.#hosts.size >= MAX_HOSTS) return;
    this.#hosts.set(host, counters);
    counters.heardS = atS;
    counters[name].take(metric, atS);
    if (name !== 'failed') return;
    for (const [attribute, counter] of ATTRIBUTES) {
      const value = Number(attributes?.[attribute] ?? Number.NaN);
      if (Number.isFinite(value)) counters[counter].take(value, atS);
    }
  }

  /** Who has not been heard for two windows is forgotten. */
  *advancing(nowS: number): LongWork {
    this.#nowS = nowS;
    yield* interruptibly(this.#hosts, ([host, { heardS }]) => {
      if (heardS < nowS - 2 * this.#windowS) this.#hosts.delete(host);
    });
  }

  dropHost(host: string): void {
    this.#hosts.delete(host);
  }

  errorsOf(host: string): AgentErrors | undefined {
    const counters = this.#hosts.get(host);
    if (!counters) return undefined;
    const fromS = this.#nowS - this.#windowS;
    return {
      launch: counters.launchErrors.sumSince(fromS),
      own: counters.recoveryErrors.sumSince(fromS) + counters.destroyErrors.sumSince(fromS),
    };
  }

  /**
   * Every host but those left out, as if all its tasks were of one application; what has not failed went well. A copy:
   * what is heard later does not change it.
   */
  *picture(leaveOut: (host: string) => boolean): LongWork<WindowCounts> {
    const hosts = new Map<string, Group>();
    const all = noCounts();
    const ofAll = new Map<string, Cell>();
    const fromS = this.#nowS - this.#windowS;
    yield* interruptibly(this.#hosts, ([host, counters]) => {
      const started = counters.started.sumSince(fromS);
      const failed = counters.failed.sumSince(fromS);
      const finished = counters.finished.sumSince(fromS);
      if (leaveOut(host) || started + failed + finished === 0) return;
      const counts: Counts = { started, failed, finished, settled: 0 };
      const cell = { host, application: ANY_APPLICATION, counts, instances: new Map([['', { counts }]]) };
      hosts.set(host, { counts, cells: new Map([[ANY_APPLICATION, cell]]) });
      addCounts(all, counts);
      ofAll.set(host, cell);
    });
    return { hosts, applications: new Map([[ANY_APPLICATION, { counts: all, cells: ofAll }]]) };
  }
}
