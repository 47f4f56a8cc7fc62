import { type Clock, sleep } from '../../shared/clock.ts';
import type { HostName } from '../../shared/host-name.ts';
import type { TaskMetadata, TaskUplink } from './task-uplink.ts';

/** A task as it was found; its JSON is only made where a master does not have it. */
export interface FoundTask extends Pick<TaskMetadata, 'id' | 'digest'> {
  json(): string;
}

/** What became of the tasks of one look at the agent. */
export interface StoredTasks {
  readonly tasks: number;
  /** Tasks that no master has stored in their present state. */
  readonly failed: number;
  /** Whether any master accepts anything; false: none answers, or none can store anything at present. */
  readonly accepting: boolean;
  /** Why a master did not accept them. */
  readonly reason: string | undefined;
}

/** Sends tasks' metadata to every master, and knows which of it is stored. */
export interface TaskStorage {
  /** Sends what changed and waits a while for the masters. Never throws. */
  store(tasks: readonly FoundTask[], signal: AbortSignal): Promise<StoredTasks>;
}

/** How long a look waits for the masters: less than a comet's default timeout, which also covers asking the agent. */
const WAIT_MS = 3_000;

type TasksUplink = Pick<TaskUplink, 'fault' | 'status' | 'isQueued' | 'send' | 'onSettled'>;

/** The host's name, and notifications of its changes. */
interface NameSource {
  readonly name: HostName | undefined;
  onName(listener: (name: HostName | undefined) => void): () => void;
}

export class MasterTaskStorage implements TaskStorage {
  readonly #currentUplinks: () => readonly TasksUplink[];
  readonly #naming: NameSource;
  readonly #clock: Clock;

  /** @param naming knows the name to send under */
  constructor(uplinks: () => readonly TasksUplink[], naming: NameSource, clock: Clock) {
    this.#currentUplinks = uplinks;
    this.#naming = naming;
    this.#clock = clock;
  }

  get #uplinks(): readonly TasksUplink[] {
    return this.#currentUplinks();
  }

  async store(tasks: readonly FoundTask[], signal: AbortSignal): Promise<StoredTasks> {
    if (this.#uplinks.length === 0) return { tasks: tasks.length, failed: 0, accepting: true, reason: undefined };
    const over = new AbortController();
    const end = () => over.abort();
    signal.addEventListener('abort', end);
    const timeOver = sleep(this.#clock, WAIT_MS, over.signal);
    await Promise.race([this.#named(over.signal), timeOver]);
    if (this.#naming.name !== undefined) {
      this.#send(tasks);
      await Promise.race([this.#settled(tasks, over.signal), timeOver]);
    }
    signal.removeEventListener('abort', end);
    end();
    return this.#outcome(tasks);
  }

  #named(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const unsubscribe = this.#naming.onName((name) => {
        if (name !== undefined) resolve();
      });
      signal.addEventListener('abort', unsubscribe, { once: true });
    });
  }

  /** To each master what it does not have and what is not queued for it already. */
  #send(tasks: readonly FoundTask[]): void {
    const wanted = this.#uplinks.map((): TaskMetadata[] => []);
    for (const { id, digest, json } of tasks) {
      let metadata: TaskMetadata | undefined;
      for (const [at, uplink] of this.#uplinks.entries()) {
        if (uplink.status({ id, digest }) !== 'open' || uplink.isQueued({ id, digest })) continue;
        metadata ??= { id, digest, json: json() };
        wanted[at]?.push(metadata);
      }
    }
    for (const [at, uplink] of this.#uplinks.entries()) {
      const some = wanted[at] ?? [];
      if (some.length > 0) uplink.send(some);
    }
  }

  /** Resolves when nothing is left that a master could still store and none has. */
  #settled(tasks: readonly FoundTask[], signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      let open = tasks;
      const look = () => {
        open = open.filter((task) => this.#isOpen(task));
        if (open.length > 0 && !signal.aborted) return;
        for (const stop of stops) stop();
        resolve();
      };
      const stops = this.#uplinks.map((uplink) => uplink.onSettled(look));
      signal.addEventListener('abort', look);
      look();
    });
  }

  #isOpen(task: FoundTask): boolean {
    const statuses = this.#uplinks.map((uplink) => uplink.status(task));
    return statuses.includes('open') && !statuses.includes('stored');
  }

  #outcome(tasks: readonly FoundTask[]): StoredTasks {
    const isStored = (task: FoundTask) => this.#uplinks.some((uplink) => uplink.status(task) === 'stored');
    const failed = tasks.filter((task) => !isStored(task)).length;
    const faults = this.#uplinks.flatMap(({ fault }) => fault ?? []);
    const isNamed = this.#naming.name !== undefined;
    const accepting = isNamed && faults.length < this.#uplinks.length;
    return { tasks: tasks.length, failed, accepting, reason: isNamed ? faults[0] : 'the host name is not known yet' };
  }
}
