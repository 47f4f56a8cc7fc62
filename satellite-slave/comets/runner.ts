import type { Clock, Timer } from '../../shared/clock.ts';
import { formatDuration } from '../../shared/duration.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Event } from '../../shared/event.ts';
import type { OnceLog } from '../../shared/log.ts';
import type { Agent } from '../mesos/index.ts';
import type { TaskKeeper } from '../uplink/index.ts';
import type { Comet, Finding } from './comet.ts';
import type { Commands } from './commands.ts';
import { eventOf } from './findings.ts';
import type { Machine } from './machine.ts';
import type { Slots } from './slots.ts';
import { Undecided } from './unknown-state-error.ts';

/** A comet as the settings want it run. */
export interface CometSettings {
  /** As the settings call it. */
  readonly name: string;
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly comet: Comet;
}

/** What all comets of a slave share. */
export interface CometSurroundings {
  readonly clock: Clock;
  readonly prefix: string;
  readonly commands: Commands;
  readonly machine: Machine;
  readonly agent: Agent | undefined;
  readonly tasks: TaskKeeper | undefined;
  readonly slots: Slots;
  readonly once: OnceLog;
  readonly emit: (events: readonly Event[]) => void;
}

/** Events hold for five periods: a report may be lost, or four, before a service counts as silent. */
const PERIODS_PER_TTL = 5;
const SHORTEST_TTL_SECONDS = 1;

interface Run {
  readonly stop: AbortController;
  readonly startedMs: number;
  late: boolean;
}

/** Runs one comet, never twice at a time, and sees to it that every due run gives events with service and ttl. */
export class CometRunner {
  readonly settings: CometSettings;
  readonly #around: CometSurroundings;
  readonly #ttl: number;
  #run: Run | undefined;
  #skipped = 0;

  constructor(settings: CometSettings, around: CometSurroundings) {
    this.settings = settings;
    this.#around = around;
    this.#ttl = Math.max(SHORTEST_TTL_SECONDS, (PERIODS_PER_TTL * settings.periodMs) / 1000);
  }

  /** Runs that fell due while an earlier one was still going. */
  get skipped(): number {
    return this.#skipped;
  }

  /** One run. Resolves when its events are out; never rejects. A run that hangs beyond its time goes on unheard. */
  async beat(): Promise<void> {
    if (this.#run) return this.#skip(this.#run);
    const { clock, slots } = this.#around;
    const run: Run = { stop: new AbortController(), startedMs: clock.monoMs(), late: false };
    this.#run = run;
    const free = await slots.take();
    if (run.stop.signal.aborted) {
      this.#run = undefined;
      return free();
    }
    await new Promise<void>((resolve) => {
      const timer = clock.after(this.settings.timeoutMs, () => {
        run.late = true;
        this.#fault(this.#stateWhenLate, this.#timedOut());
        run.stop.abort();
        resolve();
      });
      void this.#finish(run, timer).then(resolve);
    });
    free();
  }

  /** Ends a run that is going, without events. */
  stop(): void {
    this.#run?.stop.abort();
  }

  async #finish(run: Run, timer: Timer): Promise<void> {
    const { machine, agent, tasks, commands, once } = this.#around;
    const { signal } = run.stop;
    try {
      const findings = await this.settings.comet.run({
        signal,
        machine,
        agent,
        tasks,
        command: (words) => commands.run(words, signal),
      });
      if (signal.aborted) return;
      const stamp = this.#stamp();
      this.#around.emit(findings.map((finding) => eventOf(finding, stamp)));
      once.recovered(this.#key, `comet ${this.settings.name} runs again`);
    } catch (error) {
      if (signal.aborted) return;
      this.#fault(error instanceof Undecided ? 'unknown' : 'critical', messageOf(error));
    } finally {
      timer.cancel();
      this.#run = undefined;
    }
  }

  /** A run that is late but may still end is waited for; one that hangs beyond its time is told again at each period. */
  #skip(run: Run): void {
    this.#skipped++;
    if (!run.late) return;
    const forMs = this.#around.clock.monoMs() - run.startedMs;
    this.#fault(
      this.#stateWhenLate,
      `${this.#timedOut()}, still hangs after ${formatDuration(forMs)}`,
      this.#timedOut(),
    );
  }

  get #stateWhenLate() {
    return this.settings.comet.stateWhenLate ?? 'critical';
  }

  #timedOut(): string {
    return `timed out after ${formatDuration(this.settings.timeoutMs)}`;
  }

  /** @param logged what the log says, where the description changes from run to run */
  #fault(state: 'critical' | 'unknown', description: string, logged = description): void {
    const { emit, once } = this.#around;
    once.warn(this.#key, `comet ${this.settings.name} (${this.settings.comet.services.join(', ')}): ${logged}`);
    const stamp = this.#stamp();
    const findings: Finding[] = this.settings.comet.services.map((service) => ({ service, state, description }));
    emit(findings.map((finding) => eventOf(finding, stamp)));
  }

  get #key(): string {
    return `comet ${this.settings.name} ${this.settings.comet.services.join('\n')}`;
  }

  #stamp() {
    return { prefix: this.#around.prefix, time: this.#around.clock.wallMs() / 1000, ttl: this.#ttl };
  }
}
