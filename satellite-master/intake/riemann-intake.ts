/** One `Msg` after another: its events on their way to index and rules, its query back to whoever has to answer it. */
import type { Clock } from '../../shared/clock.ts';
import type { Event } from '../../shared/event.ts';
import { decodeMessage } from '../../shared/riemann/decode.ts';
import type { Metrics } from '../stats/metrics.ts';
import { fitEvent, isAhead } from './riemann-events.ts';

export interface RiemannIntakeOptions {
  readonly takeEvents: (events: readonly Event[]) => void;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

export class RiemannIntake {
  readonly #options: RiemannIntakeOptions;

  constructor(options: RiemannIntakeOptions) {
    this.#options = options;
  }

  /**
   * Takes what is fit; what is not is counted, and keeps back none of the rest.
   * @returns the query, where there is one
   * @throws WireError where the bytes are no message: then nothing of it was taken
   */
  take(bytes: Buffer, from = 0, to = bytes.length): string | undefined {
    const { takeEvents, metrics, clock } = this.#options;
    const { events, query } = decodeMessage(bytes, from, to);
    if (events.length === 0) return query;
    const nowS = clock.wallMs() / 1000;
    const accepted: Event[] = [];
    for (const raw of events) {
      const event = fitEvent(raw, nowS);
      if (typeof event === 'string') metrics.riemannUnfit.inc({ part: event });
      else accepted.push(event);
      if (raw.time !== undefined && isAhead(raw.time, nowS)) metrics.eventsClamped.inc();
    }
    metrics.eventsAccepted.inc(accepted.length);
    metrics.eventsRejected.inc(events.length - accepted.length);
    if (accepted.length > 0) takeEvents(accepted);
    return query;
  }
}
