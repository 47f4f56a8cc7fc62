import { HOST_NAME_FORM, type HostName, parseHostName } from '../../shared/host-name.ts';
import { readWhole } from '../../shared/http-client.ts';
import { isObject, MesosClient, MesosError, textAt } from '../../shared/mesos/index.ts';
import { cutToLength } from '../../shared/text.ts';

/** What the slave asks of the local Mesos agent. */
export interface Agent {
  readonly origin: string;
  /**
   * The name under which the agent registered, which is what the whitelist must hold.
   * @throws Error where the agent does not say one
   */
  hostName(): Promise<HostName>;
  /**
   * `/metrics/snapshot`, as the agent counts since it started.
   * @throws Error where the agent gives none
   */
  metrics(signal?: AbortSignal): Promise<Readonly<Record<string, unknown>>>;
  /**
   * The state, with every task that the agent remembers.
   * @param signal ends it
   * @throws Error where the agent gives none, or one that is longer than 32 MiB
   */
  state(signal: AbortSignal): Promise<Readonly<Record<string, unknown>>>;
}

/** Some 15,000 tasks; read whole, they take several times as much memory for a moment. */
const MOST_STATE_BYTES = 32 * 1024 * 1024;

/** The Mesos agent at one address, over HTTP. */
export class HttpAgent implements Agent {
  readonly origin: string;
  /** For what else is asked of the agent, its state above all. */
  readonly client: MesosClient;

  /** @param origin as in `http://localhost:5051` */
  constructor(origin: string) {
    this.origin = origin;
    this.client = new MesosClient({ url: origin, role: 'agent' });
  }

  /**
   * `/flags` is small and bears the name where the agent was started with `--hostname`; else the state has what the
   * agent found by itself.
   */
  async hostName(): Promise<HostName> {
    const name = (await this.#nameInFlags()) ?? (await this.#nameInState());
    const host = parseHostName(name);
    if (host === undefined)
      throw new Error(
        `the Mesos agent at ${this.origin} calls itself ${JSON.stringify(cutToLength(name, 80))}, expected ${HOST_NAME_FORM}`,
      );
    return host;
  }

  async metrics(signal?: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    signal?.throwIfAborted();
    return this.client.metrics();
  }

  async state(signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    const { address, body } = await this.client.openState(signal);
    const text = await readWhole(body, MOST_STATE_BYTES).catch((cause: unknown) => {
      throw new Error(address, { cause });
    });
    let state: unknown;
    try {
      state = JSON.parse(text);
    } catch (cause) {
      throw new Error(`${address}: no JSON, or not all of it`, { cause });
    }
    if (!isObject(state)) throw new Error(`${address}: no JSON object`);
    return state;
  }

  async close(): Promise<void> {
    await this.client.close();
  }

  async #nameInFlags(): Promise<string | undefined> {
    try {
      return textAt(await this.client.get('/flags'), 'flags', 'hostname');
    } catch (error) {
      if (error instanceof MesosError && (error.fault === 'unreachable' || error.fault === 'too-long')) throw error;
      return undefined;
    }
  }

  async #nameInState(): Promise<string> {
    const state = await this.client.state().catch((cause: unknown) => {
      const garbage = cause instanceof MesosError && cause.fault === 'garbage';
      throw garbage ? new Error(`what answers at ${this.origin} is no Mesos agent`, { cause }) : cause;
    });
    const name = textAt(state, 'hostname');
    if (name === undefined)
      throw new Error(`what answers at ${this.origin} is no Mesos agent: its state has no hostname`);
    return name;
  }
}
