/** Where events go once the host has a name. */
import type { Event } from '../shared/event.ts';
import { eventToJson } from '../shared/event.ts';
import type { HostName } from '../shared/host-name.ts';
import type { HostNaming } from './host-naming.ts';
import { WaitingEvents } from './uplink/index.ts';

/** An uplink, or what stands in its place. */
export interface Outlet {
  report(host: HostName, events: readonly Event[]): void;
}

/** Holds the newest event of each service back until the name is known, then passes on to every outlet. */
export class NamedOutlets {
  readonly #outlets: readonly Outlet[];
  readonly #early = new WaitingEvents();
  #name: HostName | undefined;

  constructor(outlets: readonly Outlet[], naming: Pick<HostNaming, 'onName'>) {
    this.#outlets = outlets;
    naming.onName((name) => {
      this.#name = name;
      const { items } = this.#early.take(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
      this.emit(items);
    });
  }

  emit(events: readonly Event[]): void {
    if (events.length === 0) return;
    const name = this.#name;
    if (name === undefined) this.#early.add(events);
    else for (const outlet of this.#outlets) outlet.report(name, events);
  }
}

/** For `--dry-run`: a JSON line for each event. */
export class Printer implements Outlet {
  readonly #write: (line: string) => void;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  report(host: HostName, events: readonly Event[]): void {
    for (const event of events) this.#write(`${JSON.stringify(eventToJson({ host, ...event }))}\n`);
  }
}
