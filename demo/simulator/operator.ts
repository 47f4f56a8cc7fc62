/** The calls of the v1 operator API, each with the refusals of 1.12. */
import { type Answer, BadRequest, json, OK, text } from './answer.ts';
import type { Json, MasterFace } from './body-v0.ts';
import { getAgents, getMaster, getState } from './body-v1.ts';
import type { Maintenance } from './maintenance.ts';
import { type Agent, isListed } from './model.ts';
import { BUILD } from './version.ts';
import type { World } from './world.ts';

export interface Desk {
  readonly world: World;
  readonly maintenance: Maintenance;
  readonly face: MasterFace;
  readonly hidden: boolean;
  /** Mesos 1.9 brought the calls that change an agent; before it their names are unknown. */
  readonly before19: boolean;
}

const DEFAULT_GRACE_MS = 0;

/** All but SUBSCRIBE. @throws BadRequest */
export function answerCall(desk: Desk, call: Json): Answer {
  const { world, maintenance, face, hidden } = desk;
  const type = call['type'];
  if (typeof type !== 'string') throw new BadRequest("Failed to validate master::Call: Expecting 'type' to be present");
  const answer = (field: string, body: Json) => json({ type, [field]: body });
  switch (type) {
    case 'GET_HEALTH':
      return answer('get_health', { healthy: true });
    case 'GET_VERSION':
      return answer('get_version', { version_info: BUILD });
    case 'GET_FLAGS':
      return answer('get_flags', { flags: Object.entries(face.flags).map(([name, value]) => ({ name, value })) });
    case 'GET_MASTER':
      return answer('get_master', getMaster(face));
    case 'GET_AGENTS':
      return answer('get_agents', getAgents(world, hidden));
    case 'GET_STATE':
      return answer('get_state', getState(world, hidden));
    case 'GET_TASKS':
      return answer('get_tasks', getState(world, hidden)['get_tasks'] as Json);
    case 'GET_FRAMEWORKS':
      return answer('get_frameworks', getState(world, hidden)['get_frameworks'] as Json);
    case 'GET_MAINTENANCE_SCHEDULE':
      return answer('get_maintenance_schedule', { schedule: maintenance.schedule() });
    case 'GET_MAINTENANCE_STATUS':
      return answer('get_maintenance_status', { status: maintenance.status() });
    case 'UPDATE_MAINTENANCE_SCHEDULE':
      maintenance.replace(objectOf(call['update_maintenance_schedule'])['schedule']);
      return OK;
    default:
      return changeAgent(desk, type, call);
  }
}

function changeAgent(desk: Desk, type: string, call: Json): Answer {
  if (desk.before19) throw unknownType(type);
  switch (type) {
    case 'DEACTIVATE_AGENT':
      agentOf(desk, call, 'deactivate_agent').deactivated = true;
      return OK;
    case 'REACTIVATE_AGENT':
      return reactivate(agentOf(desk, call, 'reactivate_agent'));
    case 'DRAIN_AGENT':
      return drain(desk, call);
    case 'MARK_AGENT_GONE': {
      const id = idOf(call, 'mark_agent_gone');
      const agent = desk.world.byId.get(id);
      if (!agent) return text(404, `Agent '${id}' not found`);
      desk.world.remove(agent, 'gone');
      return OK;
    }
    default:
      throw unknownType(type);
  }
}

function unknownType(type: string): BadRequest {
  return new BadRequest(`Failed to convert JSON into Call protobuf: Failed to find enum for '${type}'`);
}

function reactivate(agent: Agent): Answer {
  if (agent.drain?.state === 'DRAINING') throw new BadRequest('Agent is still in the DRAINING state');
  if (!agent.deactivated) throw new BadRequest('Agent is not deactivated');
  agent.deactivated = false;
  agent.drain = undefined;
  return OK;
}

function drain(desk: Desk, call: Json): Answer {
  const { world, maintenance } = desk;
  const words = objectOf(call['drain_agent']);
  const grace = words['max_grace_period'];
  if (typeof grace === 'string')
    throw new BadRequest(
      "Failed to convert JSON into Call protobuf: Not expecting a JSON string for field 'max_grace_period'",
    );
  const agent = agentOf(desk, call, 'drain_agent');
  const machine = maintenance.machineOf(agent);
  if (machine)
    throw new BadRequest(
      `Agent ${agent.id} is part of a maintenance schedule under Machine ${machine.hostname ?? ''} (${machine.ip ?? ''})`,
    );
  // A second drain replaces nothing that runs: the first one's end stands.
  agent.deactivated = true;
  if (agent.drain?.state === 'DRAINING') return OK;
  const { seconds, nanoseconds } = objectOf(grace);
  const graceMs = (Number(seconds ?? 0) + Number(nanoseconds ?? 0) / 1e9) * 1000 || DEFAULT_GRACE_MS;
  agent.drain = {
    state: 'DRAINING',
    markGone: words['mark_gone'] === true,
    startedS: world.nowS,
    killMs: world.clock.monoMs() + graceMs,
  };
  return OK;
}

function agentOf({ world, hidden }: Desk, call: Json, field: string): Agent {
  const agent = hidden ? undefined : world.byId.get(idOf(call, field));
  if (!agent || !(isListed(agent) || agent.drain)) throw new BadRequest('Unknown agent');
  return agent;
}

function idOf(call: Json, field: string): string {
  if (call[field] === undefined)
    throw new BadRequest(`Failed to validate master::Call: Expecting '${field}' to be present`);
  return String(objectOf(objectOf(call[field])['agent_id'])['value']);
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}
