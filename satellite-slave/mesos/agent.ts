import { HOST_NAME_FORM, type HostName, parseHostName } from '../../shared/host-name.ts';
import { HttpClient } from '../../shared/http-client.ts';

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
}

const TIMEOUT_MS = 5_000;
/** The state of an agent lists every task it remembers. */
const MOST_STATE_BYTES = 64 * 1024 * 1024;
const MOST_METRICS_BYTES = 4 * 1024 * 1024;

/** The Mesos agent at one address, over HTTP. */
export class HttpAgent implements Agent {
  readonly origin: string;
  readonly #client: HttpClient;
  #metrics: Promise<Readonly<Record<string, unknown>>> | undefined;

  /** @param origin as in `http://localhost:5051` */
  constructor(origin: string) {
    this.origin = origin;
    this.#client = new HttpClient(origin);
  }

  /**
   * `/flags` is small and bears the name where the agent was started with `--hostname`; else `/state` has what the
   * agent found by itself, on agents before Mesos 1.0 `/state.json`.
   */
  async hostName(): Promise<HostName> {
    const flags = await this.#get('/flags', MOST_METRICS_BYTES);
    const given = flags.status === 200 ? member(objectIn(flags.body), 'flags') : undefined;
    const name = text(member(given, 'hostname')) ?? (await this.#nameInState());
    const host = parseHostName(name);
    if (host === undefined)
      throw new Error(
        `the Mesos agent at ${this.origin} calls itself ${JSON.stringify(name.slice(0, 80))}, expected ${HOST_NAME_FORM}`,
      );
    return host;
  }

  async #nameInState(): Promise<string> {
    let answer = await this.#get('/state', MOST_STATE_BYTES);
    if (answer.status === 404) answer = await this.#get('/state.json', MOST_STATE_BYTES);
    if (answer.status !== 200)
      throw new Error(`the Mesos agent at ${this.origin} answered ${answer.status} for its state`);
    const name = text(member(objectIn(answer.body), 'hostname'));
    if (name === undefined)
      throw new Error(`what answers at ${this.origin} is no Mesos agent: its state has no hostname`);
    return name;
  }

  /** Comets that ask at the same time share one answer: the agent allows two requests a second. */
  metrics(signal?: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    signal?.throwIfAborted();
    this.#metrics ??= this.#fetchMetrics().finally(() => {
      this.#metrics = undefined;
    });
    return this.#metrics;
  }

  async #fetchMetrics(): Promise<Readonly<Record<string, unknown>>> {
    const { status, body } = await this.#get('/metrics/snapshot', MOST_METRICS_BYTES);
    if (status !== 200) throw new Error(`the Mesos agent at ${this.origin} answered ${status} for its metrics`);
    const metrics = objectIn(body);
    if (metrics === undefined)
      throw new Error(`the Mesos agent at ${this.origin} gave metrics that are no JSON object`);
    return metrics;
  }

  async #get(path: string, mostBytes: number) {
    try {
      return await this.#client.send({ method: 'GET', path, timeoutMs: TIMEOUT_MS, mostBytes });
    } catch (error) {
      throw new Error(`the Mesos agent at ${this.origin} does not answer`, { cause: error });
    }
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

function objectIn(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
