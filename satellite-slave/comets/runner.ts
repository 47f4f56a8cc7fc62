import type { Clock, Timer } from '../../shared/clock.ts';
import { formatDuration } from '../../shared/duration.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Event } from '../../shared/event.ts';
import type { OnceLog } from '../../shared/log.ts';
import type { Agent } from '../mesos/index.ts';
import type { TaskStorage } from '../uplink/index.ts';
import { Attempts } from './attempts.ts';
import type { Comet, Finding } from './comet.ts';
import type { Commands } from './commands.ts';
import { eventOf } from './findings.ts';
import type { Machine } from './machine.ts';
import type { Slots } from './slots.ts';
import { UnknownStateError } from './unknown-state-error.ts';

/** A comet, and how the settings want it to be run. */
export interface CometSettings {
  /** As in the settings. */
  readonly name: string;
  readonly periodMs: number;
  readonly timeoutMs: number;
  /** Failures in a row until it is critical. */
  readonly attempts: number;
  /** Until the next run while it fails and is not critical yet. */
  readonly retryPeriodMs: number;
  readonly comet: Comet;
  /** Equal for the same entry of the settings: such a comet goes on when the settings are reloaded. */
  readonly identity: string;
}

/** What all comets of a slave share. */
export interface CometContext {
  readonly clock: Clock;
  readonly prefix: string;
  readonly commands: Commands;
  readonly machine: Machine;
  readonly agent: Agent | undefined;
  readonly tasks: TaskStorage | undefined;
  readonly slots: Slots;
  readonly once: OnceLog;
  readonly emit: (events: readonly Event[]) => void;
}

/** The ttl of an event: up to four reports may be lost before the service counts as silent. */
const PERIODS_PER_TTL = 5;
const MIN_TTL_SECONDS = 1;

interface Run {
  readonly stop: AbortController;
  readonly startedMs: number;
  isLate: boolean;
}

/** Runs one comet, never twice at a time; each run that is due results in events with service and ttl. */
export class CometRunner {
  readonly settings: CometSettings;
  readonly #ttl: number;
  readonly #attempts: Attempts;
  /** Of the present settings; a run that is going on ends with those of its start. */
  context: CometContext;
  #run: Run | undefined;
  #skipped = 0;

  constructor(settings: CometSettings, context: CometContext) {
    this.settings = settings;
    this.context = context;
    this.#ttl = Math.max(MIN_TTL_SECONDS, (PERIODS_PER_TTL * settings.periodMs) / 1000);
    this.#attempts = new Attempts(settings.attempts);
  }

  /** Runs that were due while an earlier one was still going on. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Whether the next run is due after `retryPeriodMs`. */
  get isRetrying(): boolean {
    return this.#attempts.isRetrying;
  }

  /** One run. Resolves when its events are emitted, or its timeout is over; never rejects. */
  async run(): Promise<void> {
    if (this.#run) return this.#skip(this.#run);
    const { clock, slots } = this.context;
    const run: Run = { stop: new AbortController(), startedMs: clock.monoMs(), isLate: false };
    this.#run = run;
    const release = await slots.acquire();
    if (run.stop.signal.aborted) {
      this.#run = undefined;
      return release();
    }
    await new Promise<void>((resolve) => {
      const timer = clock.after(this.settings.timeoutMs, () => {
        run.isLate = true;
        this.#emitFault(this.#stateWhenLate, this.#timedOut());
        run.stop.abort();
        resolve();
      });
      void this.#finish(run, timer).then(resolve);
    });
    release();
  }

  /** Ends a run that is going on, without events. */
  stop(): void {
    this.#run?.stop.abort();
  }

  async #finish(run: Run, timer: Timer): Promise<void> {
    const { machine, agent, tasks, commands, once } = this.context;
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
      this.#emit(findings);
      once.recovered(this.#key, 'comet runs again', this.#fields);
    } catch (error) {
      if (signal.aborted) return;
      this.#emitFault(error instanceof UnknownStateError ? 'unknown' : 'critical', messageOf(error));
    } finally {
      timer.cancel();
      this.#run = undefined;
    }
  }

  /** A run that hangs beyond its timeout is reported again at each period. */
  #skip(run: Run): void {
    this.#skipped++;
    if (!run.isLate) return;
    const forMs = this.context.clock.monoMs() - run.startedMs;
    const description = `${this.#timedOut()}, still hangs after ${formatDuration(forMs)}`;
    this.#emitFault(this.#stateWhenLate, description, this.#timedOut());
  }

  get #stateWhenLate() {
    return this.settings.comet.stateWhenLate ?? 'critical';
  }

  #timedOut(): string {
    return `timed out after ${formatDuration(this.settings.timeoutMs)}`;
  }

  /** @param err for the log, where the description differs from run to run */
  #emitFault(state: 'critical' | 'unknown', description: string, err = description): void {
    this.context.once.warn(this.#key, 'comet failed', { ...this.#fields, state, err });
    this.#emit(this.settings.comet.services.map((service) => ({ service, state, description })));
  }

  /** @throws UnknownStateError for a finding that no master would accept */
  #emit(findings: readonly Finding[]): void {
    const { prefix, clock, emit } = this.context;
    const stamp = { prefix, time: clock.wallMs() / 1000, ttl: this.#ttl };
    emit(findings.map((finding) => eventOf(this.#attempts.apply(finding), stamp)));
  }

  get #fields() {
    return { comet: this.settings.name, services: this.settings.comet.services };
  }

  get #key(): string {
    return `comet ${this.settings.identity}`;
  }
}
