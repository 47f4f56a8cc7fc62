/** One slave: settings, comets, schedule, events, uplinks, put together in this order. */
import { hostname } from 'node:os';
import { type Clock, sleep, systemClock } from '../shared/clock.ts';
import type { HostName } from '../shared/host-name.ts';
import { type Log, OnceLog } from '../shared/log.ts';
import { pendingReads } from '../shared/small-file.ts';
import {
  type Beat,
  type CometContext,
  CometRunner,
  Commands,
  FileSystemCalls,
  Machine,
  ProcessTable,
  Schedule,
  Slots,
} from './comets/index.ts';
import { EventSink, Printer } from './event-sink.ts';
import { HostNaming } from './host-naming.ts';
import { Masters } from './masters.ts';
import { HttpAgent } from './mesos/index.ts';
import type { SlaveSettings } from './settings/index.ts';
import { MasterTaskStorage } from './uplink/index.ts';

export interface SlaveOptions {
  readonly log: Log;
  readonly clock?: Clock;
  /** Where `--dry-run` prints its lines, instead of sending. */
  readonly print?: (line: string) => void;
  /** How long the Mesos agent may take to say the host's name; default 60 s. */
  readonly patienceMs?: number;
}

/** Comets that run at the same time; others wait for one of them to end. */
const MAX_RUNNING = 32;

interface Scheduled {
  readonly runner: CometRunner;
  readonly beat: Beat;
}

export class Slave {
  readonly #options: SlaveOptions;
  readonly #clock: Clock;
  readonly #once: OnceLog;
  readonly #calls: FileSystemCalls;
  readonly #machine: Machine;
  readonly #slots = new Slots(MAX_RUNNING);
  readonly #schedule: Schedule;
  readonly #commands: Commands;
  readonly #masters: Masters;
  readonly #sink: EventSink;
  #settings: SlaveSettings;
  #agent: HttpAgent | undefined;
  #naming: HostNaming;
  #comets: readonly Scheduled[] = [];
  #started = false;

  constructor(settings: SlaveSettings, options: SlaveOptions) {
    const { log, clock = systemClock } = options;
    this.#options = options;
    this.#settings = settings;
    this.#clock = clock;
    this.#once = new OnceLog(log, clock);
    this.#calls = new FileSystemCalls(clock);
    this.#machine = new Machine({ calls: this.#calls });
    this.#schedule = new Schedule(clock);
    this.#commands = new Commands({
      environment: () => this.#settings.environment,
      processes: new ProcessTable(),
      onLeftovers: (program, processes) =>
        this.#once.warn(`leftovers ${program}`, 'a check has left processes running, they were killed', {
          program,
          processes,
        }),
      clock,
    });
    const hostName = () => this.#naming.name;
    this.#masters = new Masters({ hostName, clock, log });
    this.#sink = new EventSink(hostName);
    this.#agent = agentOf(settings, clock);
    this.#naming = this.#newNaming(undefined);
    this.#apply();
  }

  /** @throws Error where this machine has no name to report under */
  start(): void {
    this.#startNaming();
    this.#started = true;
    this.#schedule.start(this.#comets.map(({ beat }) => beat));
  }

  /** Runs each comet once. @returns whether every event was delivered within `withinMs` */
  async once(withinMs: number): Promise<boolean> {
    this.#startNaming();
    await Promise.all(this.#comets.map(({ runner }) => runner.run()));
    const end = new AbortController();
    await Promise.race([this.#named(), sleep(this.#clock, withinMs, end.signal)]);
    end.abort();
    return this.#naming.name !== undefined && (await this.#masters.flush(withinMs));
  }

  /** Goes on with other settings: comets and masters that are in both go on as they are. */
  reload(settings: SlaveSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    const isSameName = JSON.stringify([before.host, before.agent]) === JSON.stringify([settings.host, settings.agent]);
    if (!isSameName) this.#replaceNaming(before.agent?.origin === settings.agent?.origin);
    this.#apply();
  }

  /** Kills the programs of running comets, sends what waits within `withinMs`, and closes everything. */
  async stop(withinMs: number): Promise<void> {
    this.#schedule.stop();
    for (const { runner } of this.#comets) runner.stop();
    await this.#commands.killAll();
    await this.#masters.flush(withinMs);
    this.#naming.stop();
    await Promise.all([this.#masters.close(), this.#agent?.close()]);
  }

  /** File system calls that have not returned: each occupies a thread, and with it the end of the process. */
  get hangingCalls(): readonly string[] {
    return [...this.#calls.pending, ...pendingReads()];
  }

  #startNaming(): void {
    this.#naming.onName((name) => {
      if (name !== undefined) this.#sink.release();
    });
    this.#naming.start();
  }

  #newNaming(known: HostName | undefined): HostNaming {
    const { log, patienceMs } = this.#options;
    return new HostNaming({
      fixed: this.#settings.host,
      agent: this.#agent,
      machineName: hostname(),
      known,
      clock: this.#clock,
      log,
      ...(patienceMs === undefined ? {} : { patienceMs }),
    });
  }

  #replaceNaming(isSameAgent: boolean): void {
    const { name } = this.#naming;
    this.#naming.stop();
    void this.#agent?.close();
    this.#agent = agentOf(this.#settings, this.#clock);
    this.#naming = this.#newNaming(isSameAgent ? name : undefined);
    this.#startNaming();
  }

  #apply(): void {
    const { log, print } = this.#options;
    const { settings, context } = { settings: this.#settings, context: this.#context() };
    for (const warning of settings.warnings) log.warn({ warning }, 'settings warning');
    this.#masters.apply(print ? [] : settings.satellites, settings.storesTasks);
    this.#sink.outputs = print ? [new Printer(print, () => this.#naming.name)] : this.#masters.reports;
    const before = new Map(this.#comets.map((comet) => [comet.runner.settings.identity, comet]));
    const added: Beat[] = [];
    this.#comets = settings.comets.map((comet) => {
      const known = before.get(comet.identity);
      before.delete(comet.identity);
      if (known) known.runner.context = context;
      const scheduled = known ?? this.#scheduled(new CometRunner(comet, context));
      if (!known) added.push(scheduled.beat);
      return scheduled;
    });
    this.#schedule.stop([...before.values()].map(({ beat }) => beat));
    for (const { runner } of before.values()) runner.stop();
    if (this.#started) this.#schedule.start(added);
  }

  #context(): CometContext {
    const { prefix, storesTasks } = this.#settings;
    return {
      clock: this.#clock,
      prefix,
      commands: this.#commands,
      machine: this.#machine,
      agent: this.#agent,
      tasks: storesTasks ? new MasterTaskStorage(() => this.#masters.tasks, this.#naming, this.#clock) : undefined,
      slots: this.#slots,
      once: this.#once,
      emit: (events) => this.#sink.emit(events),
    };
  }

  #scheduled(runner: CometRunner): Scheduled {
    const { periodMs, retryPeriodMs } = runner.settings;
    const beat: Beat = {
      periodMs,
      run: () =>
        void runner.run().then(() => {
          if (runner.isRetrying) this.#schedule.runWithin(beat, retryPeriodMs);
        }),
    };
    return { runner, beat };
  }

  #named(): Promise<void> {
    return new Promise((resolve) => {
      this.#naming.onName((name) => {
        if (name !== undefined) resolve();
      });
    });
  }
}

function agentOf({ agent }: SlaveSettings, clock: Clock): HttpAgent | undefined {
  return agent && new HttpAgent(agent, clock);
}
