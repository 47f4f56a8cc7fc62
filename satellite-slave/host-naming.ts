import { Backoff } from '../shared/backoff.ts';
import type { Clock, Timer } from '../shared/clock.ts';
import { messageOf } from '../shared/errors.ts';
import { HOST_NAME_FORM, type HostName, parseHostName } from '../shared/host-name.ts';
import { type Log, OnceLog } from '../shared/log.ts';
import { MesosError, type MesosFault } from '../shared/mesos/index.ts';
import type { Agent } from './mesos/index.ts';

export interface HostNamingOptions {
  /** The setting `slave-host`: the agent is not asked. */
  readonly fixed: HostName | undefined;
  readonly agent: Pick<Agent, 'origin' | 'hostName'> | undefined;
  /** The machine's own host name. */
  readonly machineName: string;
  /** The agent's name as it was known before the settings were reloaded. */
  readonly known?: HostName | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** How long the agent may take before the machine's name is used; default 60 s. */
  readonly patienceMs?: number;
  readonly random?: () => number;
}

type NameListener = (name: HostName | undefined) => void;

const PATIENCE_MS = 60_000;
/** An agent may be restarted under another name. */
const ASK_INTERVAL_MS = 10_000;
const BACKOFF = { firstMs: 500, maxMs: ASK_INTERVAL_MS };

/** Nobody is there, or no Mesos agent. With any other fault an agent is there and does not say its name. */
const NO_AGENT: ReadonlySet<MesosFault> = new Set(['unreachable', 'absent', 'garbage']);

/**
 * Finds the name to report under. It must be the one with which the Mesos agent registered, byte for byte: under any
 * other name the whitelist would hold a host that Mesos does not know. So the machine's own name is used only while no
 * agent is there, never while one refuses to answer.
 */
export class HostNaming {
  readonly #options: HostNamingOptions;
  readonly #once: OnceLog;
  readonly #backoff: Backoff;
  readonly #listeners = new Set<NameListener>();
  #name: HostName | undefined;
  #isMachineName = false;
  #isPatienceOver = false;
  #isAgentThere = false;
  #patience: Timer | undefined;
  #next: Timer | undefined;
  #stopped = false;

  constructor(options: HostNamingOptions) {
    const { log, clock, random } = options;
    this.#options = options;
    this.#once = new OnceLog(log, clock);
    this.#backoff = new Backoff({ ...BACKOFF, ...(random && { random }) });
  }

  /** Undefined while it is not known. */
  get name(): HostName | undefined {
    return this.#name;
  }

  /** Called when the name becomes known, changes or is not known any more; at once if it is known. @returns how to unsubscribe */
  onName(listener: NameListener): () => void {
    this.#listeners.add(listener);
    if (this.#name !== undefined) listener(this.#name);
    return () => this.#listeners.delete(listener);
  }

  /** @throws Error where the name is the machine's own and no host name */
  start(): void {
    const { fixed, agent, known, clock, patienceMs = PATIENCE_MS } = this.#options;
    if (fixed !== undefined) this.#set(fixed);
    else if (!agent) this.#set(this.#machineName());
    else {
      if (known !== undefined) this.#set(known);
      this.#patience = clock.after(patienceMs, () => {
        this.#isPatienceOver = true;
        this.#useMachineName(agent.origin);
      });
      void this.#ask(agent);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#patience?.cancel();
    this.#next?.cancel();
  }

  async #ask(agent: Pick<Agent, 'origin' | 'hostName'>): Promise<void> {
    let waitMs = ASK_INTERVAL_MS;
    try {
      const name = await agent.hostName();
      if (this.#stopped) return;
      this.#once.recovered('agent', 'the Mesos agent answers', { url: agent.origin });
      this.#backoff.reset();
      this.#isAgentThere = true;
      this.#isMachineName = false;
      this.#set(name);
    } catch (error) {
      if (this.#stopped) return;
      this.#failed(agent.origin, error);
      waitMs = this.#backoff.next();
    }
    this.#next = this.#options.clock.after(waitMs, () => void this.#ask(agent));
  }

  #failed(url: string, error: unknown): void {
    this.#isAgentThere = error instanceof MesosError && !NO_AGENT.has(error.fault);
    const held = this.#name === undefined || this.#isMachineName;
    if (this.#isAgentThere && held) {
      const message = 'the Mesos agent does not say the name of this host, events wait';
      this.#once.warn('agent', message, { url, err: messageOf(error) });
      if (this.#isMachineName) this.#set(undefined);
    } else {
      this.#once.warn('agent', 'failed to ask the Mesos agent for the name of this host', {
        url,
        err: messageOf(error),
      });
      if (this.#isPatienceOver) this.#useMachineName(url);
    }
  }

  #useMachineName(url: string): void {
    if (this.#name !== undefined || this.#isAgentThere) return;
    try {
      const name = this.#machineName();
      this.#options.log.warn({ url, host: name }, 'no Mesos agent answers, reporting under the name of the machine');
      this.#isMachineName = true;
      this.#set(name);
    } catch (error) {
      this.#once.warn('machine', 'this machine has no valid host name, events wait for the Mesos agent', {
        url,
        err: messageOf(error),
      });
    }
  }

  #machineName(): HostName {
    const { machineName } = this.#options;
    const name = parseHostName(machineName);
    if (name === undefined)
      throw new Error(
        `the machine is named ${JSON.stringify(machineName)}, expected ${HOST_NAME_FORM}; set slave-host`,
      );
    return name;
  }

  #set(name: HostName | undefined): void {
    if (name !== undefined && !this.#isMachineName) this.#patience?.cancel();
    if (name === this.#name) return;
    const { log } = this.#options;
    if (name === undefined)
      log.warn({ before: this.#name }, 'not reporting any more until the Mesos agent says the name');
    else if (this.#name === undefined) log.info({ host: name }, 'reporting');
    else log.warn({ host: name, before: this.#name }, 'the name of this host has changed');
    this.#name = name;
    if (name === undefined) this.#isMachineName = false;
    for (const listener of [...this.#listeners]) listener(name);
  }
}
