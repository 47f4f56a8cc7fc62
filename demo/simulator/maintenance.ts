/** The maintenance schedule (0.25+): windows, machines that drain by it or are down, refusals in Mesos's words. */
import { BadRequest } from './answer.ts';
import type { Json } from './body-v0.ts';
import type { Agent } from './model.ts';
import type { World } from './world.ts';

export interface Machine {
  readonly hostname?: string;
  readonly ip?: string;
}

interface Window {
  readonly machine_ids: readonly Machine[];
  readonly unavailability: Json;
}

export class Maintenance {
  readonly #world: World;
  #windows: readonly Window[] = [];
  readonly #down = new Map<string, Machine>();

  constructor(world: World) {
    this.#world = world;
  }

  schedule(): Json {
    return this.#windows.length === 0 ? {} : { windows: this.#windows };
  }

  status(): Json {
    const draining = this.#machines().filter((machine) => !this.#down.has(keyOf(machine)));
    return {
      ...(draining.length === 0 ? {} : { draining_machines: draining.map((machine) => ({ id: lowered(machine) })) }),
      ...(this.#down.size === 0 ? {} : { down_machines: [...this.#down.values()] }),
    };
  }

  /** The machine of the schedule that an agent is on, for a refusal that names it. */
  machineOf(agent: Agent): Machine | undefined {
    return this.#machines().find((machine) => isOn(agent, machine));
  }

  /** Replaces the schedule whole. @throws BadRequest */
  replace(body: unknown): void {
    const windows = listOf(objectOf(body)['windows']).map(windowOf);
    const seen = new Set<string>();
    for (const machine of windows.flatMap(({ machine_ids }) => machine_ids)) {
      if (seen.has(keyOf(machine)))
        throw new BadRequest(`Machine '${JSON.stringify(machine)}' appears more than once in the schedule`);
      seen.add(keyOf(machine));
    }
    for (const [key, machine] of this.#down)
      if (!seen.has(key))
        throw new BadRequest(
          `Machine '${JSON.stringify(machine)}' is deactivated and cannot be removed from the schedule`,
        );
    this.#windows = windows;
  }

  /** `/machine/down`. @throws BadRequest */
  down(body: unknown): void {
    const machines = listOf(body).map(machineOf);
    const scheduled = new Set(this.#machines().map(keyOf));
    for (const machine of machines)
      if (!scheduled.has(keyOf(machine)) || this.#down.has(keyOf(machine)))
        throw new BadRequest(`Machine '${JSON.stringify(machine)}' is not in DRAINING mode and cannot be brought down`);
    for (const machine of machines) {
      this.#down.set(keyOf(machine), lowered(machine));
      for (const agent of this.#world.agents.values()) if (isOn(agent, machine)) this.#world.remove(agent, 'down');
    }
  }

  /** `/machine/up`: out of the schedule as well. @throws BadRequest */
  up(body: unknown): void {
    const machines = listOf(body).map(machineOf);
    for (const machine of machines)
      if (!this.#down.has(keyOf(machine)))
        throw new BadRequest(`Machine '${JSON.stringify(machine)}' is not in DOWN mode and cannot be brought up`);
    const up = new Set(machines.map(keyOf));
    for (const key of up) this.#down.delete(key);
    const left = this.#windows.map((window) => ({
      ...window,
      machine_ids: window.machine_ids.filter((machine) => !up.has(keyOf(machine))),
    }));
    this.#windows = left.filter(({ machine_ids }) => machine_ids.length > 0);
    for (const agent of this.#world.agents.values())
      if (agent.state === 'down' && machines.some((machine) => isOn(agent, machine))) this.#world.reregister(agent);
  }

  #machines(): readonly Machine[] {
    return this.#windows.flatMap(({ machine_ids }) => machine_ids);
  }
}

function windowOf(value: unknown, index: number): Window {
  const { machine_ids, unavailability } = objectOf(value);
  const machines = listOf(machine_ids).map(machineOf);
  if (unavailability === undefined) throw new BadRequest(`Missing required fields: windows[${index}].unavailability`);
  if (machines.length === 0) throw new BadRequest('List of machines in the maintenance window is empty');
  return { machine_ids: machines, unavailability: objectOf(unavailability) };
}

function machineOf(value: unknown): Machine {
  const { hostname, ip } = objectOf(value);
  return {
    ...(typeof hostname === 'string' ? { hostname } : {}),
    ...(typeof ip === 'string' ? { ip } : {}),
  };
}

/** By hostname, whatever its case, and by address: both where both are given. */
function isOn(agent: Agent, { hostname, ip }: Machine): boolean {
  return hostname?.toLowerCase() === agent.hostname.toLowerCase() && ip === agent.ip;
}

function keyOf({ hostname = '', ip = '' }: Machine): string {
  return `${hostname.toLowerCase()} ${ip}`;
}

function lowered(machine: Machine): Machine {
  return machine.hostname === undefined ? machine : { ...machine, hostname: machine.hostname.toLowerCase() };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}
