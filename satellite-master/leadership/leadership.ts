/** Whether this master leads, and may write managed flags (judgement.md 26). The reason is shown in readiness and metrics. */
import type { Clock, Timer } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { type Log, OnceLog } from '../../shared/log.ts';
import type { MesosClient } from '../../shared/mesos/index.ts';

export interface Leading {
  readonly leads: boolean;
  readonly reason: string;
}

export interface Leadership {
  readonly now: Leading;
  /** @param changed called whenever `leads` has changed */
  start(changed: (leading: Leading) => void): void;
  stop(): Promise<void>;
}

/** A single master without Mesos and ZooKeeper: nobody else could lead. */
export class SoleLeadership implements Leadership {
  readonly now: Leading = { leads: true, reason: 'the only master of an embedded store' };

  start(changed: (leading: Leading) => void): void {
    changed(this.now);
  }

  async stop(): Promise<void> {}
}

/** What the local mesos-master said last. */
export interface Elected {
  readonly elected: boolean;
  /** Monotonic ms. */
  readonly atMs: number;
}

const POLL_MS = 1_000;
const BELIEVED_MS = 10_000;

/** Whoever's mesos-master says `master/elected` leads; without an answer for 10 s nobody is believed. */
export function leadingBy(last: Elected | undefined, nowMs: number): Leading {
  if (!last) return { leads: false, reason: 'the local mesos-master has not answered yet' };
  const ageMs = nowMs - last.atMs;
  if (ageMs >= BELIEVED_MS)
    return { leads: false, reason: `no answer of the local mesos-master for ${Math.round(ageMs / 1000)} s` };
  return last.elected
    ? { leads: true, reason: 'the local mesos-master is elected' }
    : { leads: false, reason: 'the local mesos-master is not elected' };
}

/** Follows the local mesos-master: one fetch a second serves leadership and the figures of the cluster. */
export class MesosLeadership implements Leadership {
  readonly #client: MesosClient;
  readonly #clock: Clock;
  readonly #once: OnceLog;
  #last: Elected | undefined;
  #now: Leading;
  #timer: Timer | undefined;
  #asking = false;
  #changed: (leading: Leading) => void = () => undefined;

  constructor(client: MesosClient, clock: Clock, log: Log) {
    this.#client = client;
    this.#clock = clock;
    this.#once = new OnceLog(log, clock);
    this.#now = leadingBy(undefined, clock.monoMs());
  }

  get now(): Leading {
    return this.#now;
  }

  start(changed: (leading: Leading) => void): void {
    this.#changed = changed;
    void this.#poll();
    this.#timer = this.#clock.every(POLL_MS, () => void this.#poll());
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
  }

  async #poll(): Promise<void> {
    this.#judge();
    if (this.#asking) return;
    this.#asking = true;
    try {
      const elected = (await this.#client.metrics())['master/elected'];
      if (elected === undefined) throw new Error(`${this.#client.url}/metrics/snapshot has no master/elected`);
      this.#last = { elected: elected === 1, atMs: this.#clock.monoMs() };
      this.#once.recovered('elected', 'the local mesos-master answers again');
    } catch (error) {
      this.#once.warn('elected', `the local mesos-master did not say who leads: ${messageOf(error)}`);
    } finally {
      this.#asking = false;
    }
    this.#judge();
  }

  #judge(): void {
    const before = this.#now;
    this.#now = leadingBy(this.#last, this.#clock.monoMs());
    if (before.leads !== this.#now.leads) this.#changed(this.#now);
  }
}
