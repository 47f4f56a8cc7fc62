/**
 * What is to be done in Mesos for one host, and what is remembered of it: pure. Satellite takes agents out of scheduling
 * only where the host is off, and gives back only what it took itself.
 */
import { BRIDGE_ID, type HostRecord, type RecordEvent } from '../../whitelist/record/index.ts';
import type { ClusterAgent } from '../cluster/index.ts';

/** `off-action`: what a host that goes off means beyond the whitelist. */
export type OffAction = 'whitelist' | 'deactivate' | 'drain';

export interface HostFacts {
  /** On the merged list; `none`: no list says anything of it. */
  readonly flag: 'on' | 'off' | 'none';
  readonly action: OffAction;
  /** Its machine is in a maintenance window of Mesos. */
  readonly planned: boolean;
  /** What Mesos knows under that name now. */
  readonly agents: readonly ClusterAgent[];
  /** Ids of the agents that Satellite took out. */
  readonly taken: readonly string[];
}

export interface Plan {
  /** To be deactivated or drained. */
  readonly take: readonly string[];
  /** To be reactivated. */
  readonly giveBack: readonly string[];
  /** Remembered for nothing: Mesos knows the host under another id now, and never the old one again. */
  readonly forget: readonly string[];
  /** How it stands, for `why`. */
  readonly reason: string | undefined;
}

const NOTHING: Plan = { take: [], giveBack: [], forget: [], reason: undefined };

export function planFor({ flag, action, planned, agents, taken }: HostFacts): Plan {
  if (flag === 'none') return NOTHING;
  if (flag === 'on')
    return taken.length === 0
      ? NOTHING
      : { ...NOTHING, giveBack: taken, reason: `in Mesos: to be reactivated (${list(taken)})` };
  const there = agents.filter(({ unreachable }) => !unreachable);
  const forget = there.length === 0 ? [] : taken.filter((id) => !agents.some((agent) => agent.id === id));
  const standing = there.map((agent) => textOf(agent, taken)).filter((text) => text !== undefined);
  const reason = standing.length === 0 ? undefined : `in Mesos: ${standing.join('; ')}`;
  if (action === 'whitelist' || planned) return { ...NOTHING, forget, reason };
  const take = there.filter(({ deactivated }) => !deactivated).map(({ id }) => id);
  return { take, giveBack: [], forget, reason };
}

function textOf({ id, deactivated, draining }: ClusterAgent, taken: readonly string[]): string | undefined {
  if (!deactivated) return undefined;
  const how = draining === undefined ? 'deactivated' : draining.toLowerCase();
  return taken.includes(id) ? `agent ${id} is ${how} by Satellite` : `agent ${id} is ${how}, not by Satellite`;
}

/** Which agents of the host Satellite took out, as the record remembers it. */
export function takenOf(record: HostRecord | undefined): readonly string[] {
  const ids = record?.['managed-events'][BRIDGE_ID]?.['agents'];
  return typeof ids === 'string' && ids !== '' ? ids.split(' ') : [];
}

/** Agent ids are short; a host that registers anew all the time must not fill its record. */
const MOST_TAKEN = 50;

export function withTaken(record: HostRecord, taken: readonly string[], nowS: number): HostRecord {
  const { [BRIDGE_ID]: _, ...others } = record['managed-events'];
  const event: RecordEvent = { state: 'ok', time: nowS, agents: taken.slice(-MOST_TAKEN).join(' ') };
  return { ...record, 'managed-events': taken.length === 0 ? others : { ...others, [BRIDGE_ID]: event } };
}

function list(ids: readonly string[]): string {
  return ids.length === 1 ? `agent ${ids[0]}` : `agents ${ids.join(', ')}`;
}
