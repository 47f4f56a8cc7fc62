/** Each drift finding over what a real Mesos 1.12 sent, in both modes: the v1 event stream, and a polled `/state`. */
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { ClusterModel } from '../../../satellite-master/mesos/cluster/cluster-model.ts';
import { DriftWatch, GRACE_MS } from '../../../satellite-master/mesos/drift/drift-watch.ts';
import { Feed } from '../../../satellite-master/mesos/feed/feed.ts';
import type { ReplicaChange, ReplicaEntry } from '../../../satellite-master/whitelist/replica.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { silentLog } from '../../../shared/log.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';
import { MesosClient } from '../../../shared/mesos/client.ts';
import { until } from '../../support/until.ts';
import { type Answer, byPath, json, MesosServer } from './support/mesos-server.ts';

type Json = Record<string, unknown>;
const captured = (name: string) => JSON.parse(readFileSync(`test/fixtures/mesos-1.12/${name}.json`, 'utf8')) as Json;
const answered = (name: string) => (captured(`pair_${name}`)['response'] as { readonly body: Json }).body;
const STREAM = readFileSync('test/fixtures/mesos-1.12/subscribe_stream.txt');
/** Of the task in the stream: Mesos added it as staging, without a status, and then said STARTING, RUNNING, FINISHED. */
const STARTED_S = 1795345156.92182;
const ALPHA = 'alpha.test' as HostName;
const BRAVO = 'bravo.test' as HostName;
const STRAY = 'bravo' as HostName;
const POLL_MS = 10_000;

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Mesos as the test sets it, followed by the real reader into a model, with drift above it. */
async function follow(mode: Mode, on: readonly HostName[], heard: readonly HostName[]) {
  const server = await MesosServer.start(mode.answer);
  closing.push(() => server.close());
  const { url } = server;
  const clock = new ManualClock((STARTED_S - 200) * 1000);
  const view = new ClusterModel({ url, pollIntervalMs: POLL_MS, clock, log: silentLog });
  const replica = new SaidReplica(on);
  const drift = new DriftWatch({ cluster: view, replica, heard: () => heard, remembered: () => false, clock });
  const client = new MesosClient({ url, role: 'master', clock });
  let answers = 0;
  const reader = new Feed({
    client,
    pollIntervalMs: POLL_MS,
    clock,
    post: async (message) => {
      view.apply(message);
      if (message.kind === 'answered') answers++;
    },
  });
  const running = reader.run();
  closing.unshift(async () => {
    reader.stop();
    await client.close();
    await running;
  });
  const answer = async (times: number) =>
    until(
      () => {
        if (answers < times) clock.advance(1_000);
        return answers >= times;
      },
      { what: `${times} answers` },
    );
  const findings = () => {
    drift.look();
    return drift.report().findings;
  };
  await answer(1);
  return { clock, view, replica, answer, findings };
}

/** A replica as far as drift looks at it. */
class SaidReplica {
  readonly complete = true;
  readonly #on: readonly HostName[];
  #listener: (change: ReplicaChange) => void = () => undefined;

  constructor(on: readonly HostName[]) {
    this.#on = on;
  }

  on = () => this.#on;
  get = () => undefined;
  onChange = (listener: (change: ReplicaChange) => void) => {
    this.#listener = listener;
  };

  off(host: HostName, sinceS: number): void {
    const after = { host, on: false, record: { changed: { time: sinceS } } } as unknown as ReplicaEntry;
    this.#listener({ host, before: undefined, after, kind: 'record', deletion: undefined, initial: true });
  }
}

interface Mode {
  readonly answer: Answer;
  /** From now on the answers are those while bravo was drained. */
  drain(): void;
  /** The task of the captured stream is added, as staging and without a status. */
  addTask(): void;
  /** It starts, runs and ends. */
  runTask(): void;
}

/** Where the events begin: SUBSCRIBED, HEARTBEAT, TASK_ADDED, and the first TASK_UPDATED. */
const TASK_ADDED_AT = STREAM.lastIndexOf('\n', STREAM.indexOf('TASK_ADDED')) - 3;
const TASK_UPDATED_AT = STREAM.lastIndexOf('\n', STREAM.indexOf('TASK_UPDATED')) - 3;

function streaming(): Mode {
  let stream: ServerResponse | undefined;
  let agents = 'v1_GET_AGENTS';
  return {
    answer: byPath({
      SUBSCRIBE: (_asked, response) => {
        stream = response.writeHead(200, { 'content-type': 'application/json' });
        stream.write(STREAM.subarray(0, TASK_ADDED_AT));
      },
      GET_AGENTS: (asked, response) => json(answered(agents))(asked, response),
      GET_FRAMEWORKS: json(answered('v1_GET_FRAMEWORKS')),
    }),
    drain: () => {
      agents = 'draining_GET_AGENTS';
    },
    addTask: () => void stream?.write(STREAM.subarray(TASK_ADDED_AT, TASK_UPDATED_AT)),
    runTask: () => void stream?.write(STREAM.subarray(TASK_UPDATED_AT)),
  };
}

/** The same from a master whose credentials allow no stream. */
function polling(): Mode {
  let state = captured('master_state');
  const withTask = (task: Json) => {
    const plain = captured('master_state');
    const frameworks = (plain['frameworks'] as Json[]).map((framework, index) =>
      index === 0 ? { ...framework, tasks: [...(framework['tasks'] as Json[]), task] } : framework,
    );
    state = { ...plain, frameworks };
  };
  const slaves = state['slaves'] as Json[];
  const staging = {
    id: 'seen-by-subscriber-21',
    name: 'seen-by-subscriber',
    framework_id: (state['frameworks'] as Json[])[0]?.['id'],
    slave_id: slaves.find(({ hostname }) => hostname === ALPHA)?.['id'],
    state: 'TASK_STAGING',
    statuses: [],
  };
  const status = (word: string, timestamp: number) => ({ state: word, timestamp });
  return {
    answer: (asked, response) => {
      if (asked.path.startsWith('/api/v1')) response.writeHead(403).end();
      else if (asked.path === '/state') json(state)(asked, response);
      else response.writeHead(404).end();
    },
    drain: () => {
      state = captured('draining_state');
    },
    addTask: () => withTask(staging),
    runTask: () =>
      withTask({
        ...staging,
        state: 'TASK_RUNNING',
        statuses: [status('TASK_STARTING', STARTED_S), status('TASK_RUNNING', STARTED_S + 0.02)],
      }),
  };
}

describe.each([
  ['over the v1 stream', streaming],
  ['over a polled state', polling],
])('%s', (_name, aMode) => {
  test('a task started while its host is off is counted once, when its start becomes known', async () => {
    const mode = aMode();
    const { clock, view, replica, answer, findings } = await follow(mode, [], [ALPHA, BRAVO]);
    replica.off(ALPHA, STARTED_S - 100);
    mode.addTask();
    await until(
      () => {
        clock.advance(1_000);
        return [...view.tasks()].some(({ id }) => id === 'seen-by-subscriber-21');
      },
      { what: 'the task' },
    );
    expect(findings()).toEqual([]);
    mode.runTask();
    await until(
      () => {
        clock.advance(1_000);
        return findings().length > 0;
      },
      { what: 'the finding' },
    );
    await answer(4);
    expect(findings()).toMatchObject([{ kind: 'tasks-while-off', host: ALPHA, tasks: 1, lastStarted: STARTED_S }]);
  });

  test('a host that is on the list and drained in Mesos', async () => {
    const mode = aMode();
    const { clock, answer, findings } = await follow(mode, [ALPHA, BRAVO], [ALPHA, BRAVO]);
    mode.drain();
    await answer(3);
    findings();
    clock.advance(GRACE_MS);
    await answer(5);
    expect(findings()).toMatchObject([
      { kind: 'out-in-mesos', host: BRAVO, detail: 'on the list, but draining in Mesos' },
    ]);
  });

  test('a line without an agent, an agent without a slave, and a slave under a name that no agent has', async () => {
    const { clock, answer, findings } = await follow(aMode(), [ALPHA, STRAY], [ALPHA, STRAY]);
    findings();
    clock.advance(GRACE_MS);
    await answer(2);
    expect(findings()).toMatchObject([
      { kind: 'no-such-agent', host: STRAY, suggestion: BRAVO },
      { kind: 'no-slave', host: BRAVO },
      { kind: 'unknown-name', host: STRAY, suggestion: BRAVO },
    ]);
  });
});
