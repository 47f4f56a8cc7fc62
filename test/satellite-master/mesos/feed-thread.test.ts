import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ClusterModel } from '../../../satellite-master/mesos/cluster/cluster-model.ts';
import type { ClusterMessage } from '../../../satellite-master/mesos/cluster/messages.ts';
import { FeedThread } from '../../../satellite-master/mesos/feed/feed-thread.ts';
import type { FeedWorkerData } from '../../../satellite-master/mesos/feed/feed-worker.ts';
import { systemClock } from '../../../shared/clock.ts';
import { silentLog } from '../../../shared/log.ts';
import { until } from '../../support/until.ts';
import { writeLargeState } from './support/large-state.ts';

const MIB = 1024 * 1024;
const entry = pathToFileURL('satellite-master/mesos/feed/feed-worker.ts').href;

function startFromSource(data: FeedWorkerData): Worker {
  return new Worker('./test/support/typescript-worker.mjs', { workerData: { ...data, entry } });
}

let folder: string;
const closing: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cluster-thread-'));
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await rm(folder, { recursive: true });
});

async function serve(files: readonly string[]): Promise<string> {
  const server = new Worker('./test/satellite-master/mesos/support/state-server.mjs', { workerData: { files } });
  closing.push(() => server.terminate());
  const port = await new Promise((resolve) => server.once('message', resolve));
  return `http://127.0.0.1:${String(port)}`;
}

function follow(url: string, { pollIntervalMs = 500, startWorker = startFromSource } = {}) {
  const view = new ClusterModel({ url, pollIntervalMs, clock: systemClock, log: silentLog });
  const messages: ClusterMessage[] = [];
  const thread = new FeedThread({
    mesos: { url, credentials: undefined },
    pollIntervalMs,
    clock: systemClock,
    apply: (message) => {
      messages.push(message.kind === 'changes' ? { ...message, changes: [] } : message);
      view.apply(message);
    },
    known: view,
    startWorker,
  });
  closing.unshift(() => thread.stop());
  thread.start();
  const answers = (times: number) =>
    until(() => messages.filter(({ kind }) => kind === 'answered').length >= times, {
      what: `${times} answers`,
      timeoutMs: 25_000,
    });
  return { view, messages, answers };
}

describe('a state of a hundred megabytes', () => {
  test('is applied in short turns, and only what changed is sent', async () => {
    const [first, second] = [join(folder, 'first'), join(folder, 'second')];
    await writeLargeState(first, { agents: 35_000, tasks: 100_000 });
    await writeLargeState(second, { agents: 35_000, tasks: 100_000, failedEvery: 1_000 });
    const url = await serve([first, second]);
    const { view, answers } = follow(url);
    let [mostInATurn, inTurn, told] = [0, 0, 0];
    view.onTask(() => {
      told++;
      if (inTurn++ === 0)
        setImmediate(() => {
          inTurn = 0;
        });
      mostInATurn = Math.max(mostInATurn, inTurn);
    });
    await answers(1);
    expect([view.agents().size, view.taskCounts()]).toEqual([35_000, { TASK_RUNNING: 100_000 }]);
    expect(told).toBe(100_000);
    const residentBytes = process.memoryUsage.rss();
    await answers(2);
    expect(view.taskCounts()).toEqual({ TASK_RUNNING: 99_900, TASK_FAILED: 100 });
    expect(told).toBe(100_100);
    expect(mostInATurn).toBeLessThanOrEqual(1_000);
    await answers(4);
    expect(process.memoryUsage.rss() - residentBytes).toBeLessThan(150 * MIB);
  }, 40_000);
});

describe('the thread', () => {
  test('is started again when it dies, and says so', async () => {
    const file = join(folder, 'state');
    await writeLargeState(file, { agents: 3, tasks: 5 });
    let starts = 0;
    const startWorker = (data: FeedWorkerData) =>
      starts++ === 0 ? new Worker('throw new Error("out of luck")', { eval: true }) : startFromSource(data);
    const { view, messages, answers } = follow(await serve([file]), { startWorker });
    await until(() => messages.length > 0, { what: 'the fault' });
    expect(messages[0]).toEqual({ kind: 'failed', reason: 'the thread that asks Mesos ended: out of luck' });
    expect(view.stale).toContain('out of luck');
    await answers(1);
    expect([view.agents().size, view.stale]).toEqual([3, undefined]);
  });

  test('what vanished while the thread was down is gone with the first snapshot after the restart', async () => {
    const [before, after] = [join(folder, 'before'), join(folder, 'after')];
    await writeLargeState(before, { agents: 4, tasks: 5 });
    await writeLargeState(after, { agents: 2, tasks: 3 });
    const workers: Worker[] = [];
    const startWorker = (data: FeedWorkerData) => {
      const worker = startFromSource(data);
      workers.push(worker);
      return worker;
    };
    const { view, messages, answers } = follow(await serve([before, after]), { startWorker, pollIntervalMs: 600_000 });
    await answers(1);
    expect([view.agents().size, view.taskCounts()]).toEqual([4, { TASK_RUNNING: 5 }]);
    await workers[0]?.terminate();
    await answers(2);
    expect(workers).toHaveLength(2);
    expect([...view.agents().values()].map(({ hostname }) => hostname)).toEqual([
      'agent-0.cluster.example',
      'agent-1.cluster.example',
    ]);
    expect(view.taskCounts()).toEqual({ TASK_RUNNING: 3 });
    expect(messages.at(-1)).toMatchObject({ kind: 'answered' });
  }, 20_000);
});
