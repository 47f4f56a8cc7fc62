/**
 * What is to be done in Mesos for one host, and what is remembered of it. Satellite deactivates agents only of hosts that
 * are off, and reactivates only those that it deactivated itself. Pure.
 */
import { BRIDGE_ID, type HostRecord, type RecordEvent } from '../../whitelist/record/index.ts';
import type { ClusterAgent } from '../cluster/index.ts';

/** `off-action`: what a host that goes off means beyond the whitelist. */
export type OffAction = 'whitelist' | 'deactivate' | 'drain';

export interface HostFacts {
  /** On the merged list; `none`: neither list has a flag for it. */
  readonly flag: 'on' | 'off' | 'none';
  readonly action: OffAction;
  /** Its machine is in a maintenance window of Mesos. */
  readonly planned: boolean;
  /** The agents that are registered under that name now. */
  readonly agents: readonly ClusterAgent[];
  /** Ids of the agents that Satellite took out of scheduling. */
  readonly takenOut: readonly string[];
}

export interface Plan {
  /** To be deactivated or drained. */
  readonly takeOut: readonly string[];
  /** To be reactivated. */
  readonly reactivate: readonly string[];
  /** No longer to be remembered: the host has another agent id now, and never the old one again. */
  readonly forget: readonly string[];
  /** The state in Mesos, for `why`. */
  readonly reason: string | undefined;
}

const NOTHING: Plan = { takeOut: [], reactivate: [], forget: [], reason: undefined };

export function planFor({ flag, action, planned, agents, takenOut }: HostFacts): Plan {
  if (flag === 'none') return NOTHING;
  if (flag === 'on')
    return takenOut.length === 0
      ? NOTHING
      : { ...NOTHING, reactivate: takenOut, reason: `in Mesos: to be reactivated (${list(takenOut)})` };
  const there = agents.filter(({ unreachable }) => !unreachable);
  const forget = there.length === 0 ? [] : takenOut.filter((id) => !agents.some((agent) => agent.id === id));
  const texts = there.map((agent) => textOf(agent, takenOut)).filter((text) => text !== undefined);
  const reason = texts.length === 0 ? undefined : `in Mesos: ${texts.join('; ')}`;
  if (action === 'whitelist' || planned) return { ...NOTHING, forget, reason };
  const takeOut = there.filter(({ deactivated }) => !deactivated).map(({ id }) => id);
  return { takeOut, reactivate: [], forget, reason };
}

function textOf({ id, deactivated, draining }: ClusterAgent, takenOut: readonly string[]): string | undefined {
  if (!deactivated) return undefined;
  const how = draining === undefined ? 'deactivated' : draining.toLowerCase();
  return takenOut.includes(id) ? `agent ${id} is ${how} by Satellite` : `agent ${id} is ${how}, not by Satellite`;
}

/** Ids of the host's agents that Satellite took out of scheduling, as the record remembers them. */
export function agentsTakenOut(record: HostRecord | undefined): readonly string[] {
  const ids = record?.['managed-events'][BRIDGE_ID]?.['agents'];
  return typeof ids === 'string' && ids !== '' ? ids.split(' ') : [];
}

/** A host that registers again and again must not fill its record. */
const MAX_REMEMBERED = 50;

export function withAgentsTakenOut(record: HostRecord, taken: readonly string[], nowS: number): HostRecord {
  const { [BRIDGE_ID]: _, ...others } = record['managed-events'];
  const event: RecordEvent = { state: 'ok', time: nowS, agents: taken.slice(-MAX_REMEMBERED).join(' ') };
  return { ...record, 'managed-events': taken.length === 0 ? others : { ...others, [BRIDGE_ID]: event } };
}

function list(ids: readonly string[]): string {
  return ids.length === 1 ? `agent ${ids[0]}` : `agents ${ids.join(', ')}`;
}
