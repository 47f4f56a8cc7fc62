import { describe, expect, test } from 'vitest';
import type { ClusterAgent } from '../../../satellite-master/mesos/cluster/cluster.ts';
import { DRIFT_KINDS, type DriftInput, type Finding, findDrift } from '../../../satellite-master/mesos/drift/drift.ts';
import { finish } from '../../../shared/cooperative.ts';
import { parseHostName } from '../../../shared/host-name.ts';
import { byCodeUnit } from '../../../shared/text.ts';
import { host } from '../../support/harness.ts';

function agent(hostname: string, over: Partial<ClusterAgent> = {}): ClusterAgent {
  return {
    id: `${hostname}-S0`,
    hostname,
    host: parseHostName(hostname),
    pid: undefined,
    active: true,
    deactivated: false,
    draining: undefined,
    unreachable: false,
    maintenance: undefined,
    registeredS: undefined,
    ...over,
  };
}

/** Sorted by kind and host. */
function allOf(input: DriftInput): readonly Finding[] {
  const findings: Finding[] = [];
  finish(findDrift(input, (finding) => findings.push(finding)));
  const order = ({ kind }: Finding) => DRIFT_KINDS.indexOf(kind);
  return findings.sort((a, b) => order(a) - order(b) || byCodeUnit(a.host, b.host));
}

interface Scene {
  readonly on?: readonly string[];
  readonly off?: readonly string[];
  readonly heard?: readonly string[];
  readonly agents?: readonly ClusterAgent[];
  readonly remembered?: readonly string[];
}

function found({ on = [], off = [], heard = [], agents = [], remembered = [] }: Scene): readonly Finding[] {
  const input: DriftInput = {
    on: on.map(host),
    inInventory: (name) => [...on, ...off].includes(name),
    heard: new Set(heard.map(host)),
    agents,
    remembered: (name) => remembered.includes(name),
    tasksWhileOff: new Map(),
  };
  return allOf(input);
}

const a1 = 'a1.example';

test('nothing to say where list, reports and Mesos agree', () => {
  expect(
    found({ on: [a1], off: ['a2.example'], heard: [a1, 'a2.example'], agents: [agent(a1), agent('a2.example')] }),
  ).toEqual([]);
});

describe('no-such-agent: a line that has no effect', () => {
  test.each([
    ['other case', 'A1.example', a1],
    ['short name', 'a1', a1],
    ['trailing dot', 'a1.example', 'a1.example.'],
    ['mistyped', 'a1.exmaple', a1],
  ])('%s', (likeness, line, registered) => {
    const findings = found({ on: [line], agents: [agent(registered)] });
    expect(findings.find(({ kind }) => kind === 'no-such-agent')).toEqual({
      kind: 'no-such-agent',
      host: line,
      detail: `no agent is registered as ${line}; ${registered} is (${likeness})`,
      suggestion: registered,
    });
  });

  test('without a suggestion where no name is near', () => {
    const findings = found({ on: ['zeta.example'], heard: [a1], off: [a1], agents: [agent(a1)] });
    expect(findings).toEqual([
      { kind: 'no-such-agent', host: 'zeta.example', detail: 'no agent is registered as zeta.example' },
    ]);
  });

  test.each([
    ['it may register again', { remembered: ['gone.example'] }],
    ['it can not be reached, but is known', { agents: [agent(a1), agent('gone.example', { unreachable: true })] }],
  ])('not where %s', (_, scene) => {
    expect(found({ on: [a1, 'gone.example'], heard: [a1], agents: [agent(a1)], ...scene })).toEqual([]);
  });
});

describe('no-slave: an agent that nobody reports for', () => {
  test.each([
    ['on the list', { on: [a1] }],
    ['off the list', { off: [a1] }],
    ['not in the inventory', {}],
  ])('%s', (_, scene) => {
    expect(found({ ...scene, agents: [agent(a1)] })).toEqual([
      { kind: 'no-slave', host: a1, detail: 'registered, but no slave reports for it' },
    ]);
  });

  test('under what is no host name', () => {
    expect(found({ agents: [agent('a 1')] })[0]?.detail).toMatch('no host name');
  });

  test('not while it can not be reached: then nobody expects a report', () => {
    expect(found({ on: [a1], agents: [agent(a1, { unreachable: true })] })).toEqual([]);
  });

  test('once where it is registered twice', () => {
    expect(found({ agents: [agent(a1), agent(a1, { id: 'S9' })] })).toHaveLength(1);
  });
});

describe('out-in-mesos: on the list, and out of scheduling through Mesos', () => {
  test.each([
    ['deactivated', { deactivated: true, active: false }, 'deactivated'],
    ['draining', { draining: 'DRAINING', deactivated: true, active: false }, 'draining'],
    ['drained', { draining: 'DRAINED', deactivated: true, active: false }, 'drained'],
    ['down', { maintenance: 'down' }, 'down for maintenance'],
    ['scheduled', { maintenance: 'scheduled' }, 'in maintenance (scheduled)'],
  ] as const)('%s', (_, over, words) => {
    expect(found({ on: [a1], heard: [a1], agents: [agent(a1, over)] })).toEqual([
      { kind: 'out-in-mesos', host: a1, detail: `on the list, but ${words} in Mesos` },
    ]);
  });

  test.each([
    ['off the list', { off: [a1], agents: [agent(a1, { deactivated: true })] }],
    ['registered anew beside', { on: [a1], agents: [agent(a1, { active: false, draining: 'DRAINED' }), agent(a1)] }],
    ['registered anew before', { on: [a1], agents: [agent(a1), agent(a1, { active: false, draining: 'DRAINED' })] }],
  ] as const)('not where it is %s', (_, scene) => {
    expect(found({ heard: [a1], ...scene })).toEqual([]);
  });
});

test('unknown-name: a slave that reports under a name that no agent has', () => {
  const findings = found({ off: ['a1'], heard: ['a1'], agents: [agent(a1)] });
  expect(findings).toEqual([
    { kind: 'no-slave', host: a1, detail: 'registered, but no slave reports for it' },
    {
      kind: 'unknown-name',
      host: 'a1',
      detail: 'its slave reports as a1, a name that no agent has; a1.example is (short name)',
      suggestion: a1,
    },
  ]);
});

test('tasks-while-off tells how many and when', () => {
  const findings = allOf({
    on: [],
    inInventory: () => true,
    heard: new Set([host(a1)]),
    agents: [agent(a1)],
    remembered: () => false,
    tasksWhileOff: new Map([[host(a1), { offSinceS: 0, tasks: 3, lastStartedS: 3_600 }]]),
  });
  expect(findings).toEqual([
    {
      kind: 'tasks-while-off',
      host: a1,
      detail: '3 started after it went off the list at 1970-01-01T00:00:00.000Z, the last at 1970-01-01T01:00:00.000Z',
      tasks: 3,
      lastStarted: 3_600,
    },
  ]);
});
