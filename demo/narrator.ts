/** Tells people what happens: time since the start, who speaks, what. Also what the masters log of hosts and leaders. */
import type { Clock } from '../shared/clock.ts';
import type { Program } from '../test/support/satellite.ts';

/** Lines of a master's log that a person wants to see here. */
const WORTH = /^Turning .* (on -> off|off -> on)|^this master (leads|follows)$|black hole|fails everywhere/i;
/** Every master logs each change: once is enough. */
const SAME_WITHIN_MS = 20_000;
/** Behind it stand figures that differ between masters. */
const SAME_TO = 'Turning agent-000.sim.test off -> on'.length;

export class Narrator {
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #read = new Map<Program, number>();
  #programs: ReadonlyMap<string, Program> = new Map();
  readonly #shown = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startMs = clock.monoMs();
  }

  say(text: string, who = ''): void {
    this.followLogs();
    this.#line(text, who);
  }

  #line(text: string, who: string): void {
    const time = `${((this.#clock.monoMs() - this.#startMs) / 1000).toFixed(1).padStart(6)} s`;
    process.stdout.write(`${time}  ${who.padEnd(11)} ${text}\n`);
  }

  /** A new act. */
  act(text: string): void {
    this.followLogs();
    process.stdout.write('\n');
    this.#line(text, '>>>');
  }

  plain(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  /** From now on their logs are shown as well. */
  watch(programs: ReadonlyMap<string, Program>): void {
    this.#programs = programs;
  }

  /** Shows what is new in the logs, before anything that is shown later. */
  followLogs(): void {
    for (const [name, program] of this.#programs) {
      const from = this.#read.get(program) ?? 0;
      this.#read.set(program, program.log.length);
      for (const line of program.log.slice(from)) this.#logLine(name, line);
    }
  }

  #logLine(name: string, line: string): void {
    const { msg = '', reason } = parse(line);
    if (!WORTH.test(msg)) return;
    const leadership = msg.startsWith('this master');
    const key = leadership ? `${name} ${msg}` : msg.slice(0, SAME_TO);
    const nowMs = this.#clock.monoMs();
    if (nowMs - (this.#shown.get(key) ?? Number.NEGATIVE_INFINITY) < SAME_WITHIN_MS) return;
    this.#shown.set(key, nowMs);
    this.#line(reason && !msg.includes(reason) ? `${msg} (${reason})` : msg, leadership ? name : 'satellite');
  }
}

function parse(line: string): { readonly msg?: string; readonly reason?: string } {
  try {
    const { msg, reason } = JSON.parse(line) as Record<string, unknown>;
    return { ...(typeof msg === 'string' ? { msg } : {}), ...(typeof reason === 'string' ? { reason } : {}) };
  } catch {
    return {};
  }
}
