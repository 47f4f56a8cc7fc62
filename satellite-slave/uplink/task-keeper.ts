import { type Clock, sleep } from '../../shared/clock.ts';
import type { HostName } from '../../shared/host-name.ts';
import type { TaskMetadata, TaskUplink } from './task-uplink.ts';

/** A task as it was found; its text is only made where a master wants it. */
export interface FoundTask extends Pick<TaskMetadata, 'id' | 'digest'> {
  json(): string;
}

/** How it went with the tasks of one look. */
export interface Kept {
  readonly tasks: number;
  /** Tasks that no master has stored as they now are. */
  readonly failed: number;
  /** Whether any master takes what it is given; false: none answers, or none can store anything at present. */
  readonly taking: boolean;
  /** Why a master did not take them. */
  readonly reason: string | undefined;
}

/** Gives tasks' metadata to every master, and knows which of it has arrived. */
export interface TaskKeeper {
  /** Hands over what changed and waits a while for the masters. Never throws. */
  keep(tasks: readonly FoundTask[], signal: AbortSignal): Promise<Kept>;
}

/** How long a look waits for the masters: within the time that a comet has by default, beside asking the agent. */
const WAIT_MS = 3_000;

type UplinkOfTasks = Pick<TaskUplink, 'fault' | 'standing' | 'waits' | 'send' | 'onSettled'>;

export class MastersKeeper implements TaskKeeper {
  readonly #uplinks: readonly UplinkOfTasks[];
  readonly #clock: Clock;
  #host: HostName | undefined;
  readonly #named: Promise<void>;

  /** @param naming tells the name to send under */
  constructor(
    uplinks: readonly UplinkOfTasks[],
    naming: { onName(listener: (name: HostName) => void): void },
    clock: Clock,
  ) {
    this.#uplinks = uplinks;
    this.#clock = clock;
    this.#named = new Promise((resolve) =>
      naming.onName((name) => {
        this.#host = name;
        resolve();
      }),
    );
  }

  async keep(tasks: readonly FoundTask[], signal: AbortSignal): Promise<Kept> {
    if (this.#uplinks.length === 0) return { tasks: tasks.length, failed: 0, taking: true, reason: undefined };
    const over = new AbortController();
    const end = () => over.abort();
    signal.addEventListener('abort', end);
    const time = sleep(this.#clock, WAIT_MS, over.signal);
    await Promise.race([this.#named, time]);
    if (this.#host !== undefined) {
      this.#offer(this.#host, tasks);
      await Promise.race([this.#settled(tasks, over.signal), time]);
    }
    signal.removeEventListener('abort', end);
    end();
    return this.#outcome(tasks);
  }

  /** To each master what it does not have and what does not wait for it already. */
  #offer(host: HostName, tasks: readonly FoundTask[]): void {
    const wanted = this.#uplinks.map((): TaskMetadata[] => []);
    for (const { id, digest, json } of tasks) {
      let metadata: TaskMetadata | undefined;
      for (const [at, uplink] of this.#uplinks.entries()) {
        if (uplink.standing({ id, digest }) !== 'open' || uplink.waits({ id, digest })) continue;
        metadata ??= { id, digest, json: json() };
        wanted[at]?.push(metadata);
      }
    }
    for (const [at, uplink] of this.#uplinks.entries()) {
      const some = wanted[at] ?? [];
      if (some.length > 0) uplink.send(host, some);
    }
  }

  /** Until nothing is left that a master could still store and none has. */
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
    const standings = this.#uplinks.map((uplink) => uplink.standing(task));
    return standings.includes('open') && !standings.includes('stored');
  }

  #outcome(tasks: readonly FoundTask[]): Kept {
    const isStored = (task: FoundTask) => this.#uplinks.some((uplink) => uplink.standing(task) === 'stored');
    const failed = tasks.filter((task) => !isStored(task)).length;
    const faults = this.#uplinks.flatMap(({ fault }) => fault ?? []);
    const taking = this.#host !== undefined && faults.length < this.#uplinks.length;
    const reason = this.#host === undefined ? "this host's name is not known yet" : faults[0];
    return { tasks: tasks.length, failed, taking, reason };
  }
}
