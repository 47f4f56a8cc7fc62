/** Follows whether the local mesos-master is elected: one fetch a second serves leadership and the figures of the cluster. */
import type { Clock, Timer } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { type Log, OnceLog } from '../../shared/log.ts';
import { type MesosClient, textAt } from '../../shared/mesos/index.ts';
import type { MesosBeside } from './master-entry.ts';

/** What the local mesos-master answered last. */
export interface ElectionFacts {
  /** The last answer; undefined: it has not answered yet. */
  readonly elected: boolean | undefined;
  /** Age of that answer, ms. */
  readonly ageMs: number;
  /** How many answers in a row said the same. */
  readonly streak: number;
  /** Why the last request failed; undefined: it did not. */
  readonly fault: string | undefined;
}

const POLL_INTERVAL_MS = 1_000;
/** Who leads is asked with every so many-th poll. */
const LEADER_POLLS = 5;
/** An answer that is older than this proves nothing. */
export const MAX_ANSWER_AGE_MS = 10_000;

export class MesosElection {
  readonly #client: Pick<MesosClient, 'call' | 'elected' | 'leader' | 'url'>;
  readonly #clock: Clock;
  readonly #once: OnceLog;
  readonly #listeners: (() => void)[] = [];
  #last: { readonly elected: boolean; readonly atMs: number; readonly streak: number } | undefined;
  #fault: string | undefined;
  #leader: string | undefined;
  /** Of the local mesos-master, while it is elected: a follower passes the question on to its leader. */
  #id: string | undefined;
  #timer: Timer | undefined;
  #asking = false;
  #polls = 0;

  constructor(client: Pick<MesosClient, 'call' | 'elected' | 'leader' | 'url'>, clock: Clock, log: Log) {
    this.#client = client;
    this.#clock = clock;
    this.#once = new OnceLog(log, clock);
  }

  get facts(): ElectionFacts {
    const last = this.#last;
    return {
      elected: last?.elected,
      ageMs: last ? this.#clock.monoMs() - last.atMs : Number.POSITIVE_INFINITY,
      streak: last?.streak ?? 0,
      fault: this.#fault,
    };
  }

  /** Where the local mesos-master says that the leading one is, and whether it answers; for the other masters. */
  get beside(): MesosBeside {
    const { elected, ageMs } = this.facts;
    const answers = ageMs < MAX_ANSWER_AGE_MS && elected !== undefined;
    return {
      url: this.#client.url,
      id: answers && elected ? (this.#id ?? null) : null,
      elected: answers ? elected : null,
      leader: answers ? (this.#leader ?? null) : null,
    };
  }

  /** @param listener called after each request, and once a second in any case */
  onPoll(listener: () => void): void {
    this.#listeners.push(listener);
  }

  start(): void {
    void this.#poll();
    this.#timer = this.#clock.every(POLL_INTERVAL_MS, () => void this.#poll());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  async #poll(): Promise<void> {
    this.#notify();
    if (this.#asking) return;
    this.#asking = true;
    try {
      const elected = await this.#client.elected();
      const streak = this.#last?.elected === elected ? this.#last.streak + 1 : 1;
      this.#last = { elected, atMs: this.#clock.monoMs(), streak };
      this.#fault = undefined;
      if (!elected) this.#id = undefined;
      if (this.#polls++ % LEADER_POLLS === 0) void this.#askBeside(elected);
      this.#once.recovered('elected', 'the local mesos-master answers again');
    } catch (error) {
      this.#fault = messageOf(error);
      this.#once.warn('elected', 'the local mesos-master does not answer whether it is elected', { err: this.#fault });
    } finally {
      this.#asking = false;
    }
    this.#notify();
  }

  /** What only the other masters need. Nobody waits for it; after a failure it stays unknown. */
  async #askBeside(elected: boolean): Promise<void> {
    this.#leader = await this.#client.leader().catch(() => undefined);
    if (!elected || this.#id !== undefined) return;
    const answer = await this.#client.call({ type: 'GET_MASTER' }).catch(() => undefined);
    this.#id = textAt(answer, 'get_master', 'master_info', 'id');
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Whether the local mesos-master is known to lead. @param answers how many in a row must have said so */
export function isElected({ elected, ageMs, streak }: ElectionFacts, answers: number): boolean {
  return elected === true && ageMs < MAX_ANSWER_AGE_MS && streak >= answers;
}

/** What is known of the local mesos-master, as text. */
export function electionText({ elected, ageMs, fault }: ElectionFacts): string {
  const because = fault === undefined ? '' : `: ${fault}`;
  if (elected === undefined)
    return fault === undefined
      ? 'the local mesos-master has not answered yet'
      : `the local mesos-master gave no good answer${because}`;
  if (ageMs >= MAX_ANSWER_AGE_MS)
    return `no good answer of the local mesos-master for ${Math.round(ageMs / 1000)} s${because}`;
  return elected ? 'the local mesos-master is elected' : 'the local mesos-master is not elected';
}
