/** Maintenance windows of Mesos (0.25 and newer): which agents are in one. */
import type { MesosClient } from '../../../shared/mesos/index.ts';
import { listAt, MesosError, numberAt, textAt } from '../../../shared/mesos/index.ts';
import type { AgentRow } from '../cluster/index.ts';

export type MaintenanceOf = (agent: Pick<AgentRow, 'hostname' | 'pid'>) => AgentRow['maintenance'];

export const noMaintenance: MaintenanceOf = () => undefined;

/**
 * @param nowS unix seconds
 * @returns undefined where this version or these credentials do not show it
 * @throws MesosError where the master does not answer
 */
export async function readMaintenance(client: MesosClient, nowS: number): Promise<MaintenanceOf | undefined> {
  try {
    const status = await client.get('/maintenance/status');
    const isAny = listAt(status, 'down_machines').length + listAt(status, 'draining_machines').length > 0;
    return isAny ? maintenanceOf(status, await client.get('/maintenance/schedule'), nowS) : noMaintenance;
  } catch (error) {
    if (error instanceof MesosError && (error.fault === 'absent' || error.fault === 'refused')) return undefined;
    throw error;
  }
}

/** Mesos calls a machine draining as soon as a window is set for it, however far away: here that is `scheduled`. */
export function maintenanceOf(status: unknown, schedule: unknown, nowS: number): MaintenanceOf {
  const states = new Map<string, AgentRow['maintenance']>();
  for (const machine of listAt(status, 'draining_machines')) states.set(machineKey(idOf(machine)), 'scheduled');
  for (const window of listAt(schedule, 'windows')) {
    const startS = (numberAt(window, 'unavailability', 'start', 'nanoseconds') ?? Number.POSITIVE_INFINITY) / 1e9;
    const durationS = (numberAt(window, 'unavailability', 'duration', 'nanoseconds') ?? Number.POSITIVE_INFINITY) / 1e9;
    if (nowS < startS || nowS >= startS + durationS) continue;
    for (const machine of listAt(window, 'machine_ids')) {
      const key = machineKey(machine);
      if (states.has(key)) states.set(key, 'draining');
    }
  }
  for (const machine of listAt(status, 'down_machines')) states.set(machineKey(idOf(machine)), 'down');
  return ({ hostname, pid }) => states.get(machineKey({ hostname, ip: ipOf(pid) }));
}

/** Draining machines have their id in a member, machines that are down are the id. */
function idOf(machine: unknown): unknown {
  return typeof machine === 'object' && machine !== null && 'id' in machine ? machine.id : machine;
}

/** Mesos compares names of machines without regard to case, and wants name and address to agree. */
function machineKey(id: unknown): string {
  return `${textAt(id, 'hostname')?.toLowerCase() ?? ''} ${textAt(id, 'ip') ?? ''}`;
}

/** `slave(1)@10.0.0.1:5051` -> `10.0.0.1` */
function ipOf(pid: string | undefined): string | undefined {
  return pid?.slice(pid.indexOf('@') + 1).replace(/:\d+$/, '');
}
