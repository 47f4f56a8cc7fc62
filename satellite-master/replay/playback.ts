/** Plays a recording back to simulated masters in fast time: their clock follows the recording. */
import type { Clock } from '../../shared/clock.ts';
import type { HostName } from '../../shared/host-name.ts';
import { ManualClock } from '../../shared/manual-clock.ts';
import { STALL_MS } from '../events/index.ts';
import type { RecordedLine, RecordedNote } from './recording-lines.ts';
import type { SimulatedMaster } from './simulated-master.ts';

/** As in a real master. */
const TICK_MS = 100;
/** The note of a blocked event loop is among what arrived just after it. */
const STALL_NOTED_WITHIN_S = 1;

export interface PlaybackSummary {
  readonly events: number;
  readonly hosts: number;
  /** Unix seconds of the first and the last line; undefined: it is empty. */
  readonly fromS: number | undefined;
  readonly toS: number | undefined;
  /** How often the recorded master was started again. */
  readonly restarts: number;
  /** Events that are missing in the recording. */
  readonly dropped: number;
  /** false: the store was never read whole while it was recorded, so that nothing could be decided. */
  readonly decided: boolean;
}

/** @param make makes the masters, on the clock of the playback; called once, at the first line */
export async function playBack(
  batches: AsyncIterable<readonly RecordedLine[]>,
  make: (clock: Clock) => readonly SimulatedMaster[],
): Promise<PlaybackSummary> {
  let playback: Playback | undefined;
  for await (const lines of batches) {
    const [first] = lines;
    if (!first) continue;
    playback ??= new Playback(first, make);
    await playback.play(lines);
  }
  await playback?.end();
  return playback?.summary ?? { ...NOTHING, decided: true };
}

const NOTHING = { events: 0, hosts: 0, fromS: undefined, toS: undefined, restarts: 0, dropped: 0 };

class Playback {
  readonly #clock: ManualClock;
  readonly #masters: readonly SimulatedMaster[];
  readonly #fromS: number;
  #nextTickMs = 0;
  #events = 0;
  readonly #hosts = new Set<HostName>();
  #begun = 0;
  #restarts = 0;
  #dropped = 0;
  /** All records at the head of the recording have been put. */
  #whole = false;

  constructor(first: RecordedLine, make: (clock: Clock) => readonly SimulatedMaster[]) {
    this.#fromS = first.at;
    this.#clock = new ManualClock(Math.round(first.at * 1000));
    this.#masters = make(this.#clock);
    // A recording without a head begins without records.
    if (!isHead(first)) this.#becomeWhole();
  }

  get summary(): PlaybackSummary {
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
      if (atMs > this.#clock.wallMs()) await this.#advance(atMs, lines, place);
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

  async #advance(atMs: number, lines: readonly RecordedLine[], place: number): Promise<void> {
    await this.#settle();
    const gapMs = atMs - this.#clock.wallMs();
    if (gapMs > STALL_MS && wasBlocked(lines, place)) this.#clock.stall(gapMs);
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

  /** Writes take no time here. */
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
      // At the head it is the state to begin with; an import from a file is not a decision of the rules.
      else if (!this.#whole || (!snapshot && !master.replica.get(host))) master.put(host, record, createdMs);
      else master.putManual(host, record, createdMs);
    }
  }

  #becomeWhole(): void {
    this.#whole = true;
    for (const master of this.#masters) master.becomeWhole();
  }
}

/** A head is the start of a master, or a file that begins with the records. */
function isHead(line: RecordedLine): boolean {
  return 'note' in line && (line.note === 'began' || line.note === 'records');
}

/** Whether the lines after a gap say that the recorded master was blocked, or was not running. */
function wasBlocked(lines: readonly RecordedLine[], place: number): boolean {
  const first = lines[place];
  if (first && 'note' in first && first.note === 'began') return true;
  for (let at = place; at < lines.length; at++) {
    const line = lines[at];
    if (!line || line.at > (first?.at ?? 0) + STALL_NOTED_WITHIN_S) return false;
    if ('note' in line && line.note === 'stalled') return true;
  }
  return false;
}
