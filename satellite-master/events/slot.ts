/** One entry of the index, with its fields in place: a refresh allocates only what has changed. */
import { type Event, TEST_PREFIX } from '../../shared/event.ts';
import type { HostName } from '../../shared/host-name.ts';
import type { Due } from './expiry-wheel.ts';
import type { RawKeyed } from './raw-keys.ts';

export class Slot implements RawKeyed, Due {
  readonly host: HostName | undefined;
  readonly service: string;
  /** This master's own, beside what a report may fill. */
  readonly own: boolean;
  /** Below the prefix of tests. */
  readonly isTest: boolean;
  state: string | undefined;
  description: string | undefined;
  tags: readonly string[] | undefined;
  attributes: Readonly<Record<string, string>> | undefined;
  // Numbers that are never anything else are kept in place; NaN is a metric that is absent.
  time = 0.5;
  metric = Number.NaN;
  ttl = 0.5;
  arrivedMs = 0.5;
  expiresMs = 0.5;
  turn = -1;
  gone = false;

  constructor(host: HostName | undefined, service: string, own: boolean) {
    this.host = host;
    this.service = service;
    this.own = own;
    this.isTest = service.startsWith(TEST_PREFIX);
  }

  /** Made when it is asked for: most events are replaced before anybody does. */
  get event(): Event {
    const { host, service, state, time, metric, ttl, description, tags, attributes } = this;
    const event: { -readonly [K in keyof Event]: Event[K] } = { service, time, ttl };
    if (host !== undefined) event.host = host;
    if (state !== undefined) event.state = state;
    if (!Number.isNaN(metric)) event.metric = metric;
    if (description !== undefined) event.description = description;
    if (tags !== undefined) event.tags = tags;
    if (attributes !== undefined) event.attributes = attributes;
    return event;
  }

  set(event: Event): void {
    this.state = event.state;
    this.description = event.description;
    this.tags = event.tags;
    this.attributes = event.attributes;
    this.time = event.time;
    this.metric = event.metric ?? Number.NaN;
    this.ttl = event.ttl;
  }
}
