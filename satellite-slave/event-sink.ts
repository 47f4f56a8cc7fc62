/** Where events go once the name of the host is known. */
import { type Event, eventToJson } from '../shared/event.ts';
import type { HostName } from '../shared/host-name.ts';
import { EventQueue } from './uplink/index.ts';

/** An uplink, or the printer of `--dry-run`. */
export interface Output {
  report(events: readonly Event[]): void;
}

/** Holds the newest event of each service while the name of the host is not known; passes on to every output. */
export class EventSink {
  readonly #hostName: () => HostName | undefined;
  readonly #held = new EventQueue();
  /** May be replaced at any time. */
  outputs: readonly Output[] = [];

  constructor(hostName: () => HostName | undefined) {
    this.#hostName = hostName;
  }

  emit(events: readonly Event[]): void {
    if (events.length === 0) return;
    if (this.#hostName() === undefined) this.#held.add(events);
    else for (const output of this.outputs) output.report(events);
  }

  /** The name is known now. */
  release(): void {
    this.emit(this.#held.takeAll());
  }
}

/** For `--dry-run`: one JSON line for each event. */
export class Printer implements Output {
  readonly #write: (line: string) => void;
  readonly #hostName: () => HostName | undefined;

  constructor(write: (line: string) => void, hostName: () => HostName | undefined) {
    this.#write = write;
    this.#hostName = hostName;
  }

  report(events: readonly Event[]): void {
    const host = this.#hostName();
    for (const event of events) this.#write(`${JSON.stringify(eventToJson({ ...(host && { host }), ...event }))}\n`);
  }
}
