/** One slave: its parts put together. */
import { hostname } from 'node:os';
import { type Clock, sleep, systemClock } from '../shared/clock.ts';
import { HttpClient } from '../shared/http-client.ts';
import { type Log, OnceLog } from '../shared/log.ts';
import { RiemannClient } from '../shared/riemann/index.ts';
import { CometRunner, Commands, FileSystemCalls, Machine, Schedule, Slots } from './comets/index.ts';
import { NamedOutlets, Printer } from './event-sink.ts';
import { HostNaming } from './host-naming.ts';
import { HttpAgent } from './mesos/index.ts';
import type { SlaveSettings } from './settings.ts';
import { MastersKeeper, RiemannUplink, TaskUplink, Token, Uplink } from './uplink/index.ts';

export interface SlaveOptions {
  readonly log: Log;
  readonly clock?: Clock;
  /** Where `--dry-run` prints its lines, instead of sending. */
  readonly print?: (line: string) => void;
  /** How long the Mesos agent may take to say the host's name; default 60 s. */
  readonly patienceMs?: number;
}

/** Comets that run at the same time; more than that wait in line. */
const MOST_RUNNING = 32;

export class Slave {
  readonly #clock: Clock;
  readonly #naming: HostNaming;
  readonly #agent: HttpAgent | undefined;
  readonly #commands: Commands;
  readonly #calls: FileSystemCalls;
  readonly #runners: readonly CometRunner[];
  readonly #schedule: Schedule;
  readonly #uplinks: readonly (Uplink | RiemannUplink | TaskUplink)[];

  constructor(settings: SlaveSettings, { log, clock = systemClock, print, patienceMs }: SlaveOptions) {
    this.#clock = clock;
    for (const warning of settings.warnings) log.warn(warning);
    this.#agent = settings.agentOrigin === undefined ? undefined : new HttpAgent(settings.agentOrigin);
    this.#naming = new HostNaming({
      fixed: settings.host,
      agent: this.#agent,
      machineName: hostname(),
      clock,
      log,
      ...(patienceMs === undefined ? {} : { patienceMs }),
    });
    const satellites = print ? [] : settings.satellites;
    const masters = satellites.flatMap((satellite) => {
      if (satellite.protocol === 'riemann') return [];
      const client = new HttpClient(satellite.origin, satellite.tls);
      return [() => ({ client, token: new Token(satellite.tokenFile), clock, log })];
    });
    const riemanns = satellites.flatMap((satellite) =>
      satellite.protocol === 'riemann'
        ? [new RiemannUplink({ client: new RiemannClient({ ...satellite, clock }), clock, log })]
        : [],
    );
    const uplinks = [...masters.map((master) => new Uplink(master())), ...riemanns];
    const taskUplinks = settings.keepsTasks ? masters.map((master) => new TaskUplink(master())) : [];
    this.#uplinks = [...uplinks, ...taskUplinks];
    const outlets = new NamedOutlets(print ? [new Printer(print)] : uplinks, this.#naming);
    this.#commands = new Commands(settings.environment, clock);
    this.#calls = new FileSystemCalls(clock);
    const around = {
      clock,
      prefix: settings.prefix,
      commands: this.#commands,
      machine: new Machine({ calls: this.#calls }),
      agent: this.#agent,
      tasks: settings.keepsTasks ? new MastersKeeper(taskUplinks, this.#naming, clock) : undefined,
      slots: new Slots(MOST_RUNNING),
      once: new OnceLog(log, clock),
      emit: (events: Parameters<NamedOutlets['emit']>[0]) => outlets.emit(events),
    };
    this.#runners = settings.comets.map((comet) => new CometRunner(comet, around));
    this.#schedule = new Schedule(clock);
  }

  /** @throws Error where this machine has no name to report under */
  start(): void {
    this.#naming.start();
    this.#schedule.start(
      this.#runners.map((runner) => ({ periodMs: runner.settings.periodMs, run: () => void runner.beat() })),
    );
  }

  /** Runs each comet once. @returns whether every event was delivered within `withinMs` */
  async once(withinMs: number): Promise<boolean> {
    this.#naming.start();
    await Promise.all(this.#runners.map((runner) => runner.beat()));
    const end = new AbortController();
    await Promise.race([this.#named(), sleep(this.#clock, withinMs, end.signal)]);
    end.abort();
    return this.#naming.name !== undefined && (await this.#flush(withinMs));
  }

  /** Ends the running comets with their programs, delivers what waits within `withinMs`, and lets go of everything. */
  async stop(withinMs: number): Promise<void> {
    this.#schedule.stop();
    for (const runner of this.#runners) runner.stop();
    this.#commands.killAll();
    await this.#flush(withinMs);
    this.#naming.stop();
    await Promise.all([...this.#uplinks.map((uplink) => uplink.close()), this.#agent?.close()]);
  }

  /** A file system call that hangs holds a thread, and with it the end of the process. */
  get hangs(): boolean {
    return this.#calls.pending > 0;
  }

  #named(): Promise<void> {
    return new Promise((resolve) => this.#naming.onName(() => resolve()));
  }

  async #flush(withinMs: number): Promise<boolean> {
    const all = await Promise.all(this.#uplinks.map((uplink) => uplink.flush(withinMs)));
    return all.every((delivered) => delivered);
  }
}
