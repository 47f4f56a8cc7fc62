/** Plays a recording on masters in fast time: the clock stands where the recording is, and moves on as it does. */
import type { Clock } from '../../shared/clock.ts';
import type { HostName } from '../../shared/host-name.ts';
import { ManualClock } from '../../shared/manual-clock.ts';
import { STALL_MS } from '../events/index.ts';
import type { RecordedLine, RecordedNote } from './recording-lines.ts';
import type { SimulatedMaster } from './simulated-master.ts';

/** As in a real master. */
const TICK_MS = 100;
/** The note of a stall stands among what arrived in the moment when it was over. */
const STALL_TOLD_WITHIN_S = 1;

export interface Played {
  readonly events: number;
  readonly hosts: number;
  /** Unix seconds of the first and the last line; undefined: it is empty. */
  readonly fromS: number | undefined;
  readonly toS: number | undefined;
  /** How often a master began after the first time. */
  readonly restarts: number;
  /** Events that the recording misses. */
  readonly dropped: number;
  /** false: the store was never read whole while it was recorded, so that nothing could be decided. */
  readonly decided: boolean;
}

/** @param make the masters, on the clock that is turned; called once, at the first line */
export async function rerun(
  batches: AsyncIterable<readonly RecordedLine[]>,
  make: (clock: Clock) => readonly SimulatedMaster[],
): Promise<Played> {
  let rerun: Rerun | undefined;
  for await (const lines of batches) {
    const [first] = lines;
    if (!first) continue;
    rerun ??= new Rerun(first, make);
    await rerun.play(lines);
  }
  await rerun?.end();
  return rerun?.played ?? { ...NOTHING, decided: true };
}

const NOTHING = { events: 0, hosts: 0, fromS: undefined, toS: undefined, restarts: 0, dropped: 0 };

class Rerun {
  readonly #clock: ManualClock;
  readonly #masters: readonly SimulatedMaster[];
  readonly #fromS: number;
  #nextTickMs = 0;
  #events = 0;
  readonly #hosts = new Set<HostName>();
  #begun = 0;
  #restarts = 0;
  #dropped = 0;
  /** The records at the head of the recording have been told. */
  #whole = false;

  constructor(first: RecordedLine, make: (clock: Clock) => readonly SimulatedMaster[]) {
    this.#fromS = first.at;
    this.#clock = new ManualClock(Math.round(first.at * 1000));
    this.#masters = make(this.#clock);
    // Without a head nobody tells the records: it begins with none.
    if (!isHead(first)) this.#becomeWhole();
  }

  get played(): Played {
    return {
      events: this.#events,
      hosts: this.#hosts.size,
      fromS: this.#fromS,
      toS: this.#clock.wallMs() / 1000,
      restarts: this.#restarts,
      dropped: this.#dropped,
      decided: this.#whole,
    };
  }

  async play(lines: readonly RecordedLine[]): Promise<void> {
    for (const [place, line] of lines.entries()) {
      if ('note' in line && this.#setsClock(line)) continue;
      const atMs = Math.round(line.at * 1000);
      if (atMs > this.#clock.wallMs()) await this.#goOn(atMs, lines, place);
      if ('note' in line) await this.#note(line);
      else {
        const { event, own = false } = line;
        this.#events++;
        if (event.host !== undefined && !own) this.#hosts.add(event.host);
        for (const master of this.#masters) master.ingest(event, own);
      }
    }
  }

  async end(): Promise<void> {
    await this.#tick();
    for (const master of this.#masters) master.stop();
  }

  async #goOn(atMs: number, lines: readonly RecordedLine[], place: number): Promise<void> {
    await this.#settle();
    const gapMs = atMs - this.#clock.wallMs();
    if (gapMs > STALL_MS && stoodStill(lines, place)) this.#clock.stall(gapMs);
    else {
      for (const endMs = this.#clock.monoMs() + gapMs; this.#nextTickMs <= endMs; this.#nextTickMs += TICK_MS) {
        this.#clock.advance(this.#nextTickMs - this.#clock.monoMs());
        await this.#tick();
      }
      this.#clock.advance(atMs - this.#clock.wallMs());
      return;
    }
    this.#nextTickMs = this.#clock.monoMs() + TICK_MS;
    await this.#tick();
  }

  async #tick(): Promise<void> {
    for (const master of this.#masters) master.tick();
    await this.#settle();
  }

  /** What is written takes no time here. */
  async #settle(): Promise<void> {
    for (const master of this.#masters) {
      while (!master.settled) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #setsClock(line: RecordedNote): boolean {
    if (line.note !== 'clock') return false;
    this.#clock.setWall(this.#clock.wallMs() + line.ms);
    return true;
  }

  async #note(line: RecordedNote): Promise<void> {
    switch (line.note) {
      case 'began':
        if (this.#begun++ > 0 || this.#events > 0) {
          this.#restarts++;
          for (const master of this.#masters) master.restart();
        }
        break;
      case 'dropped':
        this.#dropped += line.events;
        break;
      case 'record':
        this.#record(line);
        break;
      case 'whole':
        this.#becomeWhole();
        await this.#settle();
        break;
      default:
    }
  }

  #record({ host, record, createdMs, snapshot }: Extract<RecordedNote, { note: 'record' }>): void {
    for (const master of this.#masters) {
      if (record === null) master.remove(host);
      // At the head it is the state to begin with; taken over from a file it is nobody's decision.
      else if (!this.#whole || (!snapshot && !master.replica.get(host))) master.put(host, record, createdMs);
      else master.putManual(host, record, createdMs);
    }
  }

  #becomeWhole(): void {
    this.#whole = true;
    for (const master of this.#masters) master.becomeWhole();
  }
}

/** What a recording begins with where it has a head: a master that begins, or a file that begins with the records. */
function isHead(line: RecordedLine): boolean {
  return 'note' in line && (line.note === 'began' || line.note === 'records');
}

/** Whether what comes after the gap says that the master itself stood still, or was not there. */
function stoodStill(lines: readonly RecordedLine[], place: number): boolean {
  const first = lines[place];
  if (first && 'note' in first && first.note === 'began') return true;
  for (let at = place; at < lines.length; at++) {
    const line = lines[at];
    if (!line || line.at > (first?.at ?? 0) + STALL_TOLD_WITHIN_S) return false;
    if ('note' in line && line.note === 'stalled') return true;
  }
  return false;
}
