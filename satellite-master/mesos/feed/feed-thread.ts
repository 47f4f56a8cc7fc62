/** Keeps the thread that asks Mesos for the cluster, and hands what it tells to the picture, a little at a time. */
import { Worker } from 'node:worker_threads';
import { Backoff } from '../../../shared/backoff.ts';
import type { Clock, Timer } from '../../../shared/clock.ts';
import { type LongWork, Turns } from '../../../shared/cooperative.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { ClusterMessage } from '../cluster/index.ts';
import type { ClusterWorkerData } from './feed-worker.ts';

export interface ClusterThreadOptions extends ClusterWorkerData {
  readonly take: (message: ClusterMessage) => void;
  readonly clock: Clock;
  /** For tests, which run sources; default: the file beside this one. */
  readonly startWorker?: (data: ClusterWorkerData) => Worker;
}

/** Beyond it the thread ends and is started anew, and the process lives. */
const MOST_HEAP_MIB = 512;
const MOST_YOUNG_MIB = 16;
/** So many changes are taken before the time is looked at: one costs some 20 µs, and much more where a table grows. */
const AT_ONCE = 5;

export class ClusterThread {
  readonly #options: ClusterThreadOptions;
  readonly #backoff = new Backoff({ firstMs: 1_000, mostMs: 60_000 });
  readonly #turns: Turns;
  #worker: Worker | undefined;
  #restart: Timer | undefined;
  #stopped = false;

  constructor(options: ClusterThreadOptions) {
    this.#options = options;
    this.#turns = new Turns(options.clock);
  }

  start(): void {
    const { mesos, pollIntervalMs, startWorker = startBeside } = this.#options;
    const worker = startWorker({ mesos, pollIntervalMs });
    this.#worker = worker;
    worker.on('message', (message: ClusterMessage) => this.#taken(worker, message));
    worker.on('error', (error) => this.#failed(messageOf(error)));
    worker.on('exit', () => this.#ended());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#restart?.cancel();
    this.#turns.stop();
    await this.#worker?.terminate();
  }

  /** The next one is sent only when this one is taken, so that they stay in order. */
  #taken(worker: Worker, message: ClusterMessage): void {
    if (!this.#stopped) this.#turns.run(this.#take(worker, message));
  }

  /** A little at a time; whoever else waits for the event loop comes in between, and before the next one. */
  *#take(worker: Worker, message: ClusterMessage): LongWork {
    const { take } = this.#options;
    if (message.kind !== 'changes') take(message);
    else
      for (let from = 0; from < message.changes.length; from += AT_ONCE) {
        const more = message.more || from + AT_ONCE < message.changes.length;
        take({ kind: 'changes', changes: message.changes.slice(from, from + AT_ONCE), more });
        yield;
      }
    if (message.kind === 'answered') this.#backoff.reset();
    setImmediate(() => worker.postMessage('taken'));
  }

  #failed(reason: string): void {
    if (!this.#stopped) this.#options.take({ kind: 'failed', reason: `the thread that asks Mesos ended: ${reason}` });
  }

  #ended(): void {
    if (this.#stopped) return;
    this.#restart = this.#options.clock.after(this.#backoff.next(), () => this.start());
  }
}

function startBeside(workerData: ClusterWorkerData): Worker {
  return new Worker(new URL('./feed-worker.js', import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MIB, maxYoungGenerationSizeMb: MOST_YOUNG_MIB },
  });
}
