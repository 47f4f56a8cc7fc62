/** Keeps the thread that asks Mesos for the cluster, and hands what it tells to the picture, a little at a time. */
import { Worker } from 'node:worker_threads';
import { Backoff } from '../../shared/backoff.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { ClusterWorkerData } from './cluster-worker.ts';
import type { ClusterMessage } from './rows.ts';

export interface ClusterThreadOptions extends ClusterWorkerData {
  readonly take: (message: ClusterMessage) => void;
  readonly clock: Clock;
  /** For tests, which run sources; default: the file beside this one. */
  readonly startWorker?: (data: ClusterWorkerData) => Worker;
}

/** Beyond it the thread ends and is started anew, and the process lives. */
const MOST_HEAP_MIB = 512;
const MOST_YOUNG_MIB = 16;

export class ClusterThread {
  readonly #options: ClusterThreadOptions;
  readonly #backoff = new Backoff({ firstMs: 1_000, mostMs: 60_000 });
  #worker: Worker | undefined;
  #restart: Timer | undefined;
  #stopped = false;

  constructor(options: ClusterThreadOptions) {
    this.#options = options;
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
    await this.#worker?.terminate();
  }

  /** The next one is let in only after whoever else waits for the event loop. */
  #taken(worker: Worker, message: ClusterMessage): void {
    if (this.#stopped) return;
    this.#options.take(message);
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
  return new Worker(new URL('./cluster-worker.js', import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MIB, maxYoungGenerationSizeMb: MOST_YOUNG_MIB },
  });
}
