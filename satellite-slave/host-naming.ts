import { Backoff } from '../shared/backoff.ts';
import type { Clock, Timer } from '../shared/clock.ts';
import { messageOf } from '../shared/errors.ts';
import { HOST_NAME_FORM, type HostName, parseHostName } from '../shared/host-name.ts';
import { type Log, OnceLog } from '../shared/log.ts';
import type { Agent } from './mesos/index.ts';

export interface HostNamingOptions {
  /** The setting `slave-host`: asks nobody. */
  readonly fixed: HostName | undefined;
  readonly agent: Pick<Agent, 'origin' | 'hostName'> | undefined;
  /** What the machine calls itself. */
  readonly machineName: string;
  readonly clock: Clock;
  readonly log: Log;
  /** How long the agent may take before the machine's name serves. */
  readonly patienceMs?: number;
  readonly random?: () => number;
}

const PATIENCE_MS = 60_000;
/** An agent may be started anew under another name. */
const ASK_AGAIN_MS = 5 * 60_000;

/**
 * Finds out the name to report under. It must be the one with which the Mesos agent registered, byte for byte:
 * under any other name the whitelist would hold a host that Mesos does not know.
 */
export class HostNaming {
  readonly #options: HostNamingOptions;
  readonly #once: OnceLog;
  readonly #backoff: Backoff;
  readonly #listeners: ((name: HostName) => void)[] = [];
  #name: HostName | undefined;
  #patience: Timer | undefined;
  #next: Timer | undefined;
  #stopped = false;

  constructor(options: HostNamingOptions) {
    this.#options = options;
    this.#once = new OnceLog(options.log, options.clock);
    this.#backoff = new Backoff({
      firstMs: 500,
      mostMs: 30_000,
      ...(options.random ? { random: options.random } : {}),
    });
  }

  /** Undefined until it is known. */
  get name(): HostName | undefined {
    return this.#name;
  }

  /** Told once the name is known, and whenever it changes. */
  onName(listener: (name: HostName) => void): void {
    this.#listeners.push(listener);
    if (this.#name !== undefined) listener(this.#name);
  }

  /** @throws Error where the name is the machine's own and no host name */
  start(): void {
    const { fixed, agent, clock, patienceMs = PATIENCE_MS } = this.#options;
    if (fixed !== undefined) this.#set(fixed);
    else if (!agent) this.#set(this.#machineName());
    else {
      this.#patience = clock.after(patienceMs, () => this.#settleForMachine(agent.origin));
      void this.#ask(agent);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#patience?.cancel();
    this.#next?.cancel();
  }

  async #ask(agent: Pick<Agent, 'origin' | 'hostName'>): Promise<void> {
    let waitMs = ASK_AGAIN_MS;
    try {
      const name = await agent.hostName();
      if (this.#stopped) return;
      this.#once.recovered('agent', `the Mesos agent at ${agent.origin} answers`);
      this.#backoff.reset();
      this.#set(name);
    } catch (error) {
      this.#once.warn('agent', `cannot learn this host's name: ${messageOf(error)}; asking again`);
      waitMs = this.#backoff.next();
    }
    if (!this.#stopped) this.#next = this.#options.clock.after(waitMs, () => void this.#ask(agent));
  }

  #settleForMachine(origin: string): void {
    if (this.#name !== undefined) return;
    try {
      const name = this.#machineName();
      this.#options.log.warn(
        `no answer from the Mesos agent at ${origin}: reporting under the machine's name, ${name}`,
      );
      this.#set(name);
    } catch (error) {
      this.#options.log.error(`${messageOf(error)}; events wait until the Mesos agent answers`);
    }
  }

  #machineName(): HostName {
    const { machineName } = this.#options;
    const name = parseHostName(machineName);
    if (name === undefined)
      throw new Error(
        `the machine is called ${JSON.stringify(machineName)}, expected ${HOST_NAME_FORM}; set slave-host`,
      );
    return name;
  }

  #set(name: HostName): void {
    this.#patience?.cancel();
    if (name === this.#name) return;
    if (this.#name === undefined) this.#options.log.info(`reporting as ${name}`);
    else this.#options.log.warn(`reporting as ${name} from now on, no longer as ${this.#name}`);
    this.#name = name;
    for (const listener of this.#listeners) listener(name);
  }
}
