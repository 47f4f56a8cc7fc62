/** Where whitelist, inventory, reports and Mesos disagree, without changing any of them. Pure. */

import { interruptibly, type LongWork } from '../../../shared/cooperative.ts';
import type { HostName } from '../../../shared/host-name.ts';
import type { ClusterAgent } from '../cluster/index.ts';
import { findLikelyNames, type LikelyName } from './likely-name.ts';

export const DRIFT_KINDS = [
  /** On the list, and no agent registered under that name: the line has no effect. */
  'no-such-agent',
  /** An agent for which no slave reports: nobody would notice its faults. */
  'no-slave',
  /** Off the list, and tasks were started there all the same. */
  'tasks-while-off',
  /** On the list, and out of scheduling through Mesos itself. */
  'out-in-mesos',
  /** A slave that reports under a name that no agent has. */
  'unknown-name',
] as const;

export type DriftKind = (typeof DRIFT_KINDS)[number];

export interface Finding {
  readonly kind: DriftKind;
  /** As the list, the slave or the agent writes it. */
  readonly host: string;
  readonly detail: string;
  /** The registered name that was most likely meant. */
  readonly suggestion?: string;
  /** Tasks started since it went off, and when the last one was, unix seconds. */
  readonly tasks?: number;
  readonly lastStarted?: number;
}

/** Tasks that were started on a host since it is off the list. */
export interface TasksWhileOff {
  readonly offSinceS: number;
  readonly tasks: number;
  readonly lastStartedS: number;
}

export interface DriftInput {
  /** The hosts that are on. */
  readonly on: Iterable<HostName>;
  readonly inInventory: (host: HostName) => boolean;
  /** Slaves that report now, under the names they gave. */
  readonly heard: ReadonlySet<HostName>;
  readonly agents: Iterable<ClusterAgent>;
  /** Names under which an agent was registered within its time to register again. */
  readonly remembered: (host: HostName) => boolean;
  readonly tasksWhileOff: ReadonlyMap<HostName, TasksWhileOff>;
}

/**
 * A little at a time, in no order; neither bounded nor lasting yet. An agent that comes or goes meanwhile may be missed.
 */
export function* findDrift(input: DriftInput, found: (finding: Finding) => void): LongWork {
  const { on, heard, remembered } = input;
  const byName = yield* oneOfEach(input.agents);
  const isKnown = (host: HostName) => byName.has(host) || remembered(host);
  const listed = new Set<string>();
  const lines: HostName[] = [];
  yield* interruptibly(on, (host) => {
    listed.add(host);
    if (!isKnown(host)) lines.push(host);
  });
  const slaves: HostName[] = [];
  yield* interruptibly(heard, (host) => {
    if (!isKnown(host)) slaves.push(host);
  });
  const isUnclaimed = (name: string) => {
    const host = byName.get(name)?.host;
    return host === undefined || !input.inInventory(host);
  };
  const nearest = yield* findLikelyNames([...lines, ...slaves], [...byName.keys()], isUnclaimed);
  yield* interruptibly(lines, (host) =>
    found(named('no-such-agent', host, `no agent is registered as ${host}`, nearest.get(host))),
  );
  yield* interruptibly(slaves, (host) =>
    found(named('unknown-name', host, `its slave reports as ${host}, a name that no agent has`, nearest.get(host))),
  );
  yield* interruptibly(byName.values(), (agent) => {
    if (!agent.unreachable && !(agent.host && heard.has(agent.host)))
      found({ kind: 'no-slave', host: agent.hostname, detail: noSlave(agent) });
    const out = listed.has(agent.hostname) ? outInMesos(agent) : undefined;
    if (out) found({ kind: 'out-in-mesos', host: agent.hostname, detail: `on the list, but ${out} in Mesos` });
  });
  for (const [host, { offSinceS, tasks, lastStartedS }] of input.tasksWhileOff)
    found({
      kind: 'tasks-while-off',
      host,
      detail: `${tasks} started after it went off the list at ${isoOf(offSinceS)}, the last at ${isoOf(lastStartedS)}`,
      tasks,
      lastStarted: lastStartedS,
    });
}

/** Where a name is registered twice, the registration that is offered. */
function* oneOfEach(agents: Iterable<ClusterAgent>): LongWork<ReadonlyMap<string, ClusterAgent>> {
  const byName = new Map<string, ClusterAgent>();
  yield* interruptibly(agents, (agent) => {
    if (!byName.get(agent.hostname)?.active) byName.set(agent.hostname, agent);
  });
  return byName;
}

function named(kind: DriftKind, host: HostName, detail: string, nearest: LikelyName | undefined): Finding {
  if (!nearest) return { kind, host, detail };
  return { kind, host, detail: `${detail}; ${nearest.name} is (${nearest.likeness})`, suggestion: nearest.name };
}

function noSlave({ host }: ClusterAgent): string {
  return host
    ? 'registered, but no slave reports for it'
    : 'registered under what is no host name: nobody can report for it';
}

function outInMesos({ deactivated, draining, maintenance }: ClusterAgent): string | undefined {
  const words = [
    ...(draining ? [draining.toLowerCase()] : deactivated ? ['deactivated'] : []),
    ...(maintenance ? [maintenance === 'down' ? 'down for maintenance' : `in maintenance (${maintenance})`] : []),
  ];
  return words.length === 0 ? undefined : words.join(' and ');
}

function isoOf(unixS: number): string {
  return new Date(unixS * 1000).toISOString();
}
