/** The thread that reads the cluster from Mesos: here a state of a hundred megabytes blocks nobody. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../../shared/clock.ts';
import { MesosClient, type MesosClientOptions } from '../../../shared/mesos/index.ts';
import type { ClusterMessage } from '../cluster/index.ts';
import { Feed } from './feed.ts';

export interface FeedWorkerData {
  readonly mesos: Pick<MesosClientOptions, 'url' | 'credentials'>;
  readonly pollIntervalMs: number;
}

/** The main thread acknowledges each message when it has applied it. */
class AcknowledgedPort {
  readonly #port: NonNullable<typeof parentPort>;
  readonly #waiting: (() => void)[] = [];

  constructor(port: NonNullable<typeof parentPort>) {
    this.#port = port;
    port.on('message', () => this.#waiting.shift()?.());
  }

  post(message: ClusterMessage): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#port.postMessage(message);
    });
  }
}

if (!parentPort) throw new Error('feed-worker is a thread of satellite-master, not a program');
const { mesos, pollIntervalMs } = workerData as FeedWorkerData;
const port = new AcknowledgedPort(parentPort);
const client = new MesosClient({ ...mesos, role: 'master', clock: systemClock });
await new Feed({
  client,
  pollIntervalMs,
  clock: systemClock,
  post: (message) => port.post(message),
}).run();
