import { beforeEach, describe, expect, test } from 'vitest';
import type {
  Cluster,
  ClusterAgent,
  ClusterTask,
  TaskListener,
} from '../../../satellite-master/mesos/cluster/cluster.ts';
import { DriftWatch, GRACE_MS, MAX_FINDINGS } from '../../../satellite-master/mesos/drift/drift-watch.ts';
import type { ReplicaChange, ReplicaEntry } from '../../../satellite-master/whitelist/replica.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';
import { aClock, host, START_MS } from '../../support/harness.ts';

const START_S = START_MS / 1000;
const a1 = host('a1.example');
const a2 = host('a2.example');

/** A cluster that says what the test wants. */
class SaidCluster implements Cluster {
  answeredMs: number | undefined = 0;
  stale: string | undefined;
  readonly #agents = new Map<string, ClusterAgent>();
  readonly #listeners: TaskListener[] = [];

  register(...names: readonly HostName[]): void {
    this.#agents.clear();
    for (const name of names)
      this.#agents.set(name, {
        id: name,
        hostname: name,
        host: name,
        pid: undefined,
        active: true,
        deactivated: false,
        draining: undefined,
        unreachable: false,
        maintenance: undefined,
        registeredS: undefined,
      });
  }

  start(name: HostName, startedS: number | undefined, before?: ClusterTask): void {
    const task: ClusterTask = {
      id: 't',
      name: 'sleep',
      frameworkId: 'f',
      frameworkName: 'fw',
      agentId: name,
      host: name,
      state: 'TASK_RUNNING',
      timeS: startedS,
      startedS,
      reason: undefined,
      message: undefined,
    };
    for (const listener of this.#listeners) listener(task, before);
  }

  agents = () => this.#agents;
  agentsOf = () => [];
  frameworks = () => new Map();
  taskCounts = () => ({});
  onTask = (listener: TaskListener) => void this.#listeners.push(listener);
  readonly #agentListeners: (() => void)[] = [];
  onAgents = (listener: () => void) => void this.#agentListeners.push(listener);

  changed(): void {
    for (const listener of this.#agentListeners) listener();
  }
}

/** A replica as far as drift looks at it. */
class SaidReplica {
  complete = true;
  readonly #flags = new Map<HostName, boolean>();
  #listener: (change: ReplicaChange) => void = () => undefined;

  put(name: HostName, on: boolean | undefined, { initial = false, changedS }: Put = {}): void {
    if (on === undefined) this.#flags.delete(name);
    else this.#flags.set(name, on);
    const entry = on === undefined ? undefined : entryOf(name, on, changedS);
    this.#listener({ host: name, before: undefined, after: entry, kind: 'record', deletion: undefined, initial });
  }

  on = () => [...this.#flags].filter(([, on]) => on).map(([name]) => name);
  get = (name: HostName) => (this.#flags.has(name) ? entryOf(name, true, undefined) : undefined);
  onChange = (listener: (change: ReplicaChange) => void) => {
    this.#listener = listener;
  };
}

interface Put {
  readonly initial?: boolean;
  readonly changedS?: number;
}

function entryOf(name: HostName, on: boolean, changedS: number | undefined): ReplicaEntry {
  const changed = { version: 1, time: changedS ?? 0, by: 'x', as: null, cause: 'x', reason: 'x' };
  const record = { 'managed-events': {}, 'manual-events': {}, 'managed-flag': null, 'manual-flag': null };
  return {
    host: name,
    record: changedS === undefined ? record : { ...record, changed },
    broken: undefined,
    version: 1,
    createdMs: 0,
    order: 1n,
    on,
    foreignUntilMs: undefined,
  };
}

let clock: ManualClock;
let cluster: SaidCluster;
let replica: SaidReplica;
let heard: HostName[];
let watch: DriftWatch;

beforeEach(() => {
  clock = aClock();
  cluster = new SaidCluster();
  replica = new SaidReplica();
  heard = [];
  watch = new DriftWatch({ cluster, replica, heard: () => heard, remembered: () => false, clock });
  cluster.register(a1);
  replica.put(a1, true);
});

/** Looks every 10 s. */
function pass(ms: number): void {
  for (let passed = 0; passed < ms; passed += 10_000) {
    clock.advance(10_000);
    watch.look();
  }
}

describe('grace', () => {
  test('what is new is told only once it has lasted a minute', () => {
    watch.look();
    pass(GRACE_MS - 10_000);
    expect(watch.report().findings).toEqual([]);
    pass(10_000);
    expect(watch.report()).toMatchObject({
      fresh: true,
      reason: null,
      findings: [{ kind: 'no-slave', host: a1 }],
      counts: { 'no-slave': 1, 'no-such-agent': 0 },
    });
  });

  test('what went away in between begins anew', () => {
    watch.look();
    pass(50_000);
    heard = [a1];
    pass(10_000);
    heard = [];
    pass(50_000);
    expect(watch.report().findings).toEqual([]);
  });
});

describe('without a fresh picture the last findings stay', () => {
  test.each([
    ['Mesos does not answer', () => (cluster.stale = 'no answer for 90 s'), 'no answer for 90 s'],
    ['a leader without quorum knows no agents', () => cluster.register(), 'Mesos answers no agents'],
    ['the store is not read', () => (replica.complete = false), 'the store has not been read whole yet'],
  ])('%s', (_, happens, reason) => {
    watch.look();
    pass(60_000);
    const { findings, checkedAt } = watch.report();
    happens();
    pass(600_000);
    expect(findings).toHaveLength(1);
    expect(watch.report()).toMatchObject({ fresh: false, reason, findings, checkedAt, counts: { 'no-slave': 1 } });
  });

  test('and without a Mesos there are none', () => {
    const none = new DriftWatch({ cluster: undefined, replica, heard: () => [], remembered: () => false, clock });
    expect(none.report()).toMatchObject({
      fresh: false,
      reason: 'no Mesos is configured',
      findings: [],
      checkedAt: null,
    });
    expect(none.counts()).toBeUndefined();
  });
});

describe('tasks started while a host is off the list', () => {
  const findings = () => {
    clock.advance(10_000);
    heard = [a1];
    return watch.report().findings.map(({ host: name, tasks, lastStarted }) => ({ name, tasks, lastStarted }));
  };

  test('are counted, without a minute of grace for the finding', () => {
    replica.put(a1, false);
    cluster.start(a1, START_S + 100);
    cluster.start(a1, START_S + 90);
    expect(findings()).toEqual([{ name: a1, tasks: 2, lastStarted: START_S + 100 }]);
  });

  test.each([
    ['before it went off', START_S - 10, undefined],
    ['on an offer that was out then', START_S + 59, undefined],
    ['at a time that Mesos does not tell', undefined, undefined],
    ['and counted before', START_S + 100, { startedS: START_S + 100 } as ClusterTask],
  ])('not those started %s', (_, startedS, before) => {
    replica.put(a1, false);
    cluster.start(a1, startedS, before);
    expect(findings()).toEqual([]);
  });

  test('not those on a host that is on, and none any more when it is on again', () => {
    cluster.start(a1, START_S + 100);
    expect(findings()).toEqual([]);
    replica.put(a1, false);
    cluster.start(a1, START_S + 200);
    expect(findings()).toHaveLength(1);
    replica.put(a1, true);
    expect(findings()).toEqual([]);
  });

  test('a host that was off when this master started is off since its record changed last', () => {
    replica.put(a1, undefined);
    replica.put(a1, false, { initial: true, changedS: START_S - 1_000 });
    cluster.start(a1, START_S - 500);
    expect(findings()).toEqual([{ name: a1, tasks: 1, lastStarted: START_S - 500 }]);
  });

  test('another change while it is off does not move the time', () => {
    replica.put(a1, false);
    clock.advance(200_000);
    replica.put(a1, false);
    cluster.start(a1, START_S + 100);
    expect(findings()).toHaveLength(1);
  });
});

test('of each kind no more than may be are shown, and all are counted', () => {
  const many = Array.from({ length: MAX_FINDINGS + 50 }, (_, n) => host(`n${n}.example`));
  cluster.register(a1, a2, ...many);
  heard = [a1, a2];
  watch.look();
  pass(60_000);
  const { findings, counts } = watch.report();
  expect(findings).toHaveLength(MAX_FINDINGS);
  expect(counts['no-slave']).toBe(MAX_FINDINGS + 50);
});

describe('a look that spans turns of the event loop', () => {
  const many = Array.from({ length: 3_000 }, (_, n) => host(`n${String(n).padStart(4, '0')}.example`));

  /** Every look at the time costs so much; many names, that nobody reports for and that stood for long enough. */
  const begun = async () => {
    const monoMs = () => {
      clock.advance(1);
      return ManualClock.prototype.monoMs.call(clock);
    };
    const slow = new Proxy(clock, {
      get: (target, key) => {
        if (key === 'monoMs') return monoMs;
        const value: unknown = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    watch = new DriftWatch({ cluster, replica, heard: () => heard, remembered: () => false, clock: slow });
    cluster.register(...many);
    replica.put(a1, undefined);
    await watch.looked();
    clock.advance(GRACE_MS);
    const looking = watch.looked();
    expect(watch.report()).toMatchObject({ fresh: true, findings: [] });
    return { looking };
  };

  test('tells all of it at its end', async () => {
    const { looking } = await begun();
    await looking;
    expect(watch.report()).toMatchObject({ fresh: true, counts: { 'no-slave': 3_000 } });
    expect(watch.report().findings.at(-1)?.host).toBe(many[MAX_FINDINGS - 1]);
  });

  test('begins anew where the agents change under it', async () => {
    const { looking } = await begun();
    cluster.register(...many.slice(0, 100));
    cluster.changed();
    await looking;
    expect(watch.report().counts['no-slave']).toBe(100);
  });

  test('is dropped where its end finds no picture to be believed', async () => {
    const { looking } = await begun();
    cluster.stale = 'no answer for 90 s';
    await looking;
    expect(watch.report()).toMatchObject({ fresh: false, reason: 'no answer for 90 s', findings: [] });
  });
});
