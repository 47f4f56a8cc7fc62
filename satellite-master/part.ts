/** What a master is made of, and how it is started and stopped: a list of named parts with one deadline for the end. */
import { type Clock, sleep, type Timer } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';

/** How long a part may take to stop. */
export interface StopDeadline {
  /** Aborts when the time is up: what still waits for the network, a process or the disk gives up. */
  readonly signal: AbortSignal;
  /** What is left at the moment of the call, ms; 0 when the time is up. */
  leftMs(): number;
}

/** Something that is started and stopped. What a part has to do while it runs, it does by timers and subscriptions. */
export interface Part {
  /** @throws what makes a start of the whole master impossible, such as a port that is in use */
  start?(): void | Promise<void>;
  /** Finishes what was acknowledged, then releases everything it holds. */
  stop?(deadline: StopDeadline): void | Promise<void>;
}

interface NamedPart {
  readonly name: string;
  readonly part: Part;
}

/** Grace period of a part after its stop was aborted. */
const ABORT_GRACE_MS = 100;

export class Lifecycle {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #parts: NamedPart[] = [];
  readonly #started: NamedPart[] = [];
  #beingStarted: Promise<void> = Promise.resolve();
  #stopping: Promise<readonly string[]> | undefined;

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Parts start in the order in which they are added, and stop in the reverse order. */
  add(name: string, part: Part): void {
    this.#parts.push({ name, part });
  }

  /**
   * Starts all parts. A {@link stop} meanwhile ends the start after the part that is being started.
   * @throws what a part throws; {@link stop} then stops those that were started
   */
  async start(): Promise<void> {
    for (const named of this.#parts) {
      if (this.#stopping !== undefined) return;
      // A part that fails in the middle of its start may hold something already: it is stopped, too.
      this.#started.push(named);
      const starting = Promise.resolve(named.part.start?.());
      this.#beingStarted = starting.catch(() => undefined);
      await starting;
    }
  }

  /**
   * Stops what was started, in reverse order, within one deadline for all. Never rejects.
   * @returns the names of parts that had to be cut off, or that failed to stop
   */
  stop(withinMs: number): Promise<readonly string[]> {
    this.#stopping ??= this.#stop(withinMs);
    return this.#stopping;
  }

  async #stop(withinMs: number): Promise<readonly string[]> {
    const endMs = this.#clock.monoMs() + withinMs;
    const cutOff: string[] = [];
    // A part is not stopped in the middle of its start.
    const starting = await this.#within(this.#beingStarted, withinMs / 2);
    if (starting === 'late') {
      const { name } = this.#started.at(-1) ?? { name: 'start' };
      cutOff.push(name);
      this.#log.error({ part: name }, 'a part did not start in time and is cut off');
    }
    for (const named of this.#started.toReversed()) {
      // Half of what is left: one part that hangs leaves time to the others.
      const shareMs = Math.max(0, endMs - this.#clock.monoMs()) / 2;
      if (!(await this.#stopOne(named, shareMs))) cutOff.push(named.name);
    }
    return cutOff;
  }

  /** @returns whether the part stopped by itself and without a fault */
  async #stopOne({ name, part }: NamedPart, shareMs: number): Promise<boolean> {
    if (!part.stop) return true;
    const controller = new AbortController();
    const untilMs = this.#clock.monoMs() + shareMs;
    const leftMs = () => Math.max(0, untilMs - this.#clock.monoMs());
    const stopped = Promise.resolve()
      .then(() => part.stop?.({ signal: controller.signal, leftMs }))
      .then(() => 'stopped' as const)
      .catch((error: unknown) => {
        this.#log.error({ part: name, err: error }, 'a part failed to stop');
        return 'failed' as const;
      });
    const outcome = await this.#within(stopped, shareMs);
    if (outcome !== 'late') return outcome === 'stopped';
    controller.abort(new Error(`${name} did not stop within ${Math.round(shareMs)} ms`));
    await this.#within(stopped, ABORT_GRACE_MS);
    this.#log.error({ part: name, afterMs: Math.round(shareMs) }, 'a part did not stop in time and is cut off');
    return false;
  }

  async #within<T>(work: Promise<T>, ms: number): Promise<T | 'late'> {
    const done = new AbortController();
    try {
      return await Promise.race([work, sleep(this.#clock, ms, done.signal).then(() => 'late' as const)]);
    } finally {
      done.abort();
    }
  }
}

/** Calls its parts several times a second, so that each can follow the time. */
export class Ticker implements Part {
  readonly #clock: Clock;
  readonly #periodMs: number;
  readonly #parts: readonly { tick(): void }[];
  #timer: Timer | undefined;

  /** @param parts called in this order */
  constructor(clock: Clock, periodMs: number, parts: readonly { tick(): void }[]) {
    this.#clock = clock;
    this.#periodMs = periodMs;
    this.#parts = parts;
  }

  start(): void {
    this.#timer = this.#clock.every(this.#periodMs, () => {
      for (const part of this.#parts) part.tick();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
