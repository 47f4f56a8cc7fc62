/** Runs the thread that asks Mesos for the cluster, and applies what it reports to the model in short turns. */
import { Worker } from 'node:worker_threads';
import { Backoff } from '../../../shared/backoff.ts';
import type { Clock, Timer } from '../../../shared/clock.ts';
import { type LongWork, Turns } from '../../../shared/cooperative.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { Change, ClusterMessage } from '../cluster/index.ts';
import type { FeedWorkerData } from './feed-worker.ts';
import { type KnownCluster, Replacement } from './replacement.ts';

export interface FeedThreadOptions extends FeedWorkerData {
  readonly apply: (message: ClusterMessage) => void;
  /** What the model holds now. */
  readonly known: KnownCluster;
  readonly clock: Clock;
  /** For tests, which run sources; default: the file beside this one. */
  readonly startWorker?: (data: FeedWorkerData) => Worker;
}

/** Above it the thread ends and is restarted; the process lives on. */
const MAX_HEAP_MIB = 512;
const MAX_YOUNG_MIB = 16;
/** Changes applied between two looks at the clock: one costs some 20 µs, and much more where a table grows. */
const CHANGES_AT_ONCE = 5;

export class FeedThread {
  readonly #options: FeedThreadOptions;
  readonly #backoff = new Backoff({ firstMs: 1_000, maxMs: 60_000 });
  readonly #turns: Turns;
  #worker: Worker | undefined;
  #restart: Timer | undefined;
  /** Until the first complete snapshot after a restart. */
  #replacement: Replacement | undefined;
  #stopped = false;

  constructor(options: FeedThreadOptions) {
    this.#options = options;
    this.#turns = new Turns(options.clock);
  }

  start(): void {
    const { mesos, pollIntervalMs, startWorker = startBeside } = this.#options;
    const worker = startWorker({ mesos, pollIntervalMs });
    this.#worker = worker;
    worker.on('message', (message: ClusterMessage) => this.#received(worker, message));
    worker.on('error', (error) => this.#failed(messageOf(error)));
    worker.on('exit', () => this.#ended());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#restart?.cancel();
    this.#turns.stop();
    await this.#worker?.terminate();
  }

  /** The worker sends the next message only after this one is applied, so they stay in order. */
  #received(worker: Worker, message: ClusterMessage): void {
    if (!this.#stopped) this.#turns.run(this.#apply(worker, message));
  }

  /** In short turns; whoever else waits for the event loop runs in between, and before the next message. */
  *#apply(worker: Worker, message: ClusterMessage): LongWork {
    if (message.kind === 'changes') {
      this.#replacement?.confirm(message.changes);
      yield* this.#applyChanges(message.changes, message.more || this.#replacement !== undefined);
    } else if (message.kind === 'answered') {
      yield* this.#replace();
      this.#options.apply(message);
      this.#backoff.reset();
    } else this.#options.apply(message);
    setImmediate(() => worker.postMessage('applied'));
  }

  *#applyChanges(changes: readonly Change[], moreFollow: boolean): LongWork {
    for (let from = 0; from < changes.length; from += CHANGES_AT_ONCE) {
      const more = moreFollow || from + CHANGES_AT_ONCE < changes.length;
      this.#options.apply({ kind: 'changes', changes: changes.slice(from, from + CHANGES_AT_ONCE), more });
      yield;
    }
  }

  /** The first complete snapshot of a restarted thread replaces what the model holds. */
  *#replace(): LongWork {
    const replacement = this.#replacement;
    if (!replacement) return;
    const gone: Change[] = [];
    yield* replacement.missing(this.#options.known, (change) => gone.push(change));
    yield* this.#applyChanges(gone, false);
    this.#replacement = undefined;
  }

  #failed(reason: string): void {
    if (!this.#stopped) this.#options.apply({ kind: 'failed', reason: `the thread that asks Mesos ended: ${reason}` });
  }

  #ended(): void {
    if (this.#stopped) return;
    this.#turns.stop();
    this.#restart = this.#options.clock.after(this.#backoff.next(), () => {
      this.#replacement = new Replacement();
      this.start();
    });
  }
}

function startBeside(workerData: FeedWorkerData): Worker {
  return new Worker(new URL('./feed-worker.js', import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MIB, maxYoungGenerationSizeMb: MAX_YOUNG_MIB },
  });
}
