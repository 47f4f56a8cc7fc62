import { type Clock, systemClock } from '../../shared/clock.ts';
import { HOST_NAME_FORM, type HostName, parseHostName } from '../../shared/host-name.ts';
import { readWhole } from '../../shared/http-client.ts';
import { isObject, type JsonObject, MesosClient, MesosError, numberAt, textAt } from '../../shared/mesos/index.ts';
import { cutToLength } from '../../shared/text.ts';
import { type StatusesOfTasks, statusesIn } from './task-statuses.ts';

export interface AgentSettings {
  /** As in `http://localhost:5051`. */
  readonly origin: string;
  readonly credentials?: { readonly principal: string; readonly secret: string };
}

/** What the slave asks the local Mesos agent. */
export interface Agent {
  readonly origin: string;
  /**
   * The name with which the agent registered, which is what the whitelist must hold.
   * @throws MesosError where the agent does not answer, refuses, or is no Mesos agent
   */
  hostName(): Promise<HostName>;
  /**
   * `/metrics/snapshot`: counters since the agent started.
   * @throws MesosError
   */
  metrics(signal?: AbortSignal): Promise<JsonObject>;
  /**
   * The state, with every task that the agent remembers.
   * @throws Error where the agent returns none, or one that is longer than 32 MiB
   */
  state(signal: AbortSignal): Promise<JsonObject>;
  /**
   * What the state leaves out of the statuses of tasks: message, reason and source. Empty where the agent does not
   * have the v1 API.
   * @throws MesosError where the agent does not answer
   */
  taskStatuses(signal: AbortSignal): Promise<StatusesOfTasks>;
}

/** Some 15,000 tasks; parsing them needs several times as much memory for a moment. */
const MAX_STATE_BYTES = 32 * 1024 * 1024;
/** The uptime is rounded, and the answer takes its time. */
const SAME_START_MS = 2_000;

/** The Mesos agent at one address, over HTTP. */
export class HttpAgent implements Agent {
  readonly origin: string;
  readonly #client: MesosClient;
  readonly #clock: Clock;
  /** The name in the state of the agent that started then, monotonic ms. */
  #fromState: { readonly name: string; readonly startedMs: number } | undefined;

  constructor({ origin, credentials }: AgentSettings, clock: Clock = systemClock) {
    this.origin = origin;
    this.#client = new MesosClient({ url: origin, role: 'agent', credentials });
    this.#clock = clock;
  }

  /**
   * `/flags` is small and has the name where the agent was started with `--hostname`. Otherwise the agent has found it
   * by itself: `GET_AGENT` has it, and in old versions only the state, which may be large.
   */
  async hostName(): Promise<HostName> {
    const name = (await this.#nameInFlags()) ?? (await this.#nameInAgentInfo()) ?? (await this.#nameInState());
    const host = parseHostName(name);
    if (host === undefined)
      throw new MesosError(
        'status',
        this.origin,
        `the Mesos agent is named ${JSON.stringify(cutToLength(name, 80))}, expected ${HOST_NAME_FORM}`,
      );
    return host;
  }

  async metrics(signal?: AbortSignal): Promise<JsonObject> {
    signal?.throwIfAborted();
    return this.#client.metrics();
  }

  async state(signal: AbortSignal): Promise<JsonObject> {
    const { address, body } = await this.#client.openState(signal);
    return await objectOf(address, body);
  }

  async taskStatuses(signal: AbortSignal): Promise<StatusesOfTasks> {
    try {
      const { address, body } = await this.#client.openCall({ type: 'GET_TASKS' }, signal);
      return statusesIn(await objectOf(address, body));
    } catch (error) {
      if (error instanceof MesosError && error.fault !== 'unreachable') return new Map();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async #nameInFlags(): Promise<string | undefined> {
    return await orElsewhere(async () => textAt(await this.#client.get('/flags'), 'flags', 'hostname'));
  }

  async #nameInAgentInfo(): Promise<string | undefined> {
    return await orElsewhere(async () =>
      textAt(await this.#client.call({ type: 'GET_AGENT' }), 'get_agent', 'agent_info', 'hostname'),
    );
  }

  /** Reads the state again only when the agent has started again. */
  async #nameInState(): Promise<string> {
    const startedMs = await this.#startedMs();
    const known = this.#fromState;
    if (known && startedMs !== undefined && Math.abs(startedMs - known.startedMs) < SAME_START_MS) return known.name;
    const state = await this.#client.state().catch((cause: unknown) => {
      const isOther = cause instanceof MesosError && cause.fault === 'garbage';
      throw isOther ? new MesosError('garbage', this.origin, 'this is no Mesos agent', { cause }) : cause;
    });
    const name = textAt(state, 'hostname');
    if (name === undefined)
      throw new MesosError('garbage', this.origin, 'this is no Mesos agent: its state has no hostname');
    this.#fromState = startedMs === undefined ? undefined : { name, startedMs };
    return name;
  }

  async #startedMs(): Promise<number | undefined> {
    const metrics = await this.#client.metrics().catch(() => ({}));
    const uptimeSeconds = numberAt(metrics, 'slave/uptime_secs');
    return uptimeSeconds === undefined ? undefined : this.#clock.monoMs() - uptimeSeconds * 1000;
  }
}

/** undefined where the name has to be asked for elsewhere. @throws MesosError where nobody answers */
async function orElsewhere(ask: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof MesosError && (error.fault === 'unreachable' || error.fault === 'too-long')) throw error;
    return undefined;
  }
}

async function objectOf(address: string, body: Parameters<typeof readWhole>[0]): Promise<JsonObject> {
  const text = await readWhole(body, MAX_STATE_BYTES).catch((cause: unknown) => {
    throw new Error(address, { cause });
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${address}: no JSON, or not all of it`, { cause });
  }
  if (!isObject(value)) throw new Error(`${address}: no JSON object`);
  return value;
}
