/** `GET /events/stream`: server-sent events, first the present ones, then each change, for readers that keep up. */
import type { ServerResponse } from 'node:http';
import type { Gauge } from 'prom-client';
import type { Clock, Timer } from '../../shared/clock.ts';
import { SatelliteError } from '../../shared/errors.ts';
import { type Event, eventToJson } from '../../shared/event.ts';
import type { Log } from '../../shared/log.ts';
import type { EventIndex } from '../events/index.ts';
import { search } from '../events/index.ts';
import type { Query } from '../events/query/index.ts';
import { compileQuery, type Predicate } from '../events/query/index.ts';

/** Receives each indexed event, and each expiry as an `expired` event with the event before it. */
export type ChangeListener = (event: Event, before?: Event) => void;

export interface EventStreamsOptions {
  readonly index: EventIndex;
  /** @returns a function that unsubscribes */
  readonly onChange: (listener: ChangeListener) => () => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly gauge: Pick<Gauge, 'set'>;
  readonly limits?: Partial<EventStreamLimits>;
}

export interface EventStreamLimits {
  readonly streams: number;
  /** Bytes that may wait for one reader; a reader with more is disconnected. */
  readonly waitingBytes: number;
  readonly heartbeatMs: number;
  /** How long a reader that is disconnected may take to read the reason. */
  readonly farewellMs: number;
}

export const EVENT_STREAM_LIMITS: EventStreamLimits = {
  streams: 200,
  waitingBytes: 1024 * 1024,
  heartbeatMs: 15_000,
  farewellMs: 10_000,
};

export class EventStreams {
  readonly #options: EventStreamsOptions;
  readonly #limits: EventStreamLimits;
  readonly #open = new Set<EventStream>();

  constructor(options: EventStreamsOptions) {
    this.#options = options;
    this.#limits = { ...EVENT_STREAM_LIMITS, ...options.limits };
  }

  /**
   * Checks the query and the number of open streams.
   * @returns a function that runs the stream on a response
   * @throws SatelliteError overloaded; QueryError
   */
  prepare(query: Query): (response: ServerResponse) => void {
    const matches = compileQuery(query);
    if (this.#open.size >= this.#limits.streams)
      throw new SatelliteError('overloaded', `${this.#limits.streams} streams are open: try again later`);
    return (response) => {
      const stream = new EventStream(response, query, matches, this.#options, this.#limits);
      this.#open.add(stream);
      this.#options.gauge.set(this.#open.size);
      response.once('close', () => {
        stream.stop();
        this.#open.delete(stream);
        this.#options.gauge.set(this.#open.size);
      });
      void stream.run();
    };
  }

  /** Ends all streams: the service closes. */
  close(): void {
    for (const stream of this.#open) stream.end();
  }
}

class EventStream {
  readonly #response: ServerResponse;
  readonly #query: Query;
  readonly #options: EventStreamsOptions;
  readonly #limits: EventStreamLimits;
  readonly #unsubscribe: () => void;
  readonly #heartbeat: Timer;
  /** Changes that arrive while the present events are still being sent; undefined: all of them were sent. */
  #early: string[] | undefined = [];
  #earlyBytes = 0;
  #over = false;
  #farewell: Timer | undefined;

  constructor(
    response: ServerResponse,
    query: Query,
    matches: Predicate,
    options: EventStreamsOptions,
    limits: EventStreamLimits,
  ) {
    this.#response = response;
    this.#query = query;
    this.#options = options;
    this.#limits = limits;
    this.#unsubscribe = options.onChange((event, before) => {
      if (matches(event) || (before && matches(before))) this.#send(textOf(event));
    });
    this.#heartbeat = options.clock.every(limits.heartbeatMs, () => this.#send(': still here\n\n'));
  }

  async run(): Promise<void> {
    const { index, clock, log } = this.#options;
    try {
      await search(
        index,
        this.#query,
        clock,
        (event) => {
          if (!this.#over) this.#response.write(textOf(event));
          return !this.#over;
        },
        () => this.#drained(),
      );
      const early = this.#early ?? [];
      this.#early = undefined;
      this.#send(': that is what is there; changes follow\n\n');
      for (const text of early) this.#send(text);
    } catch (error) {
      log.error({ err: error }, 'stream of events failed');
      this.end();
    }
  }

  /** Unsubscribes: the reader has disconnected. */
  stop(): void {
    this.#over = true;
    this.#early = undefined;
    this.#unsubscribe();
    this.#heartbeat.cancel();
    this.#farewell?.cancel();
  }

  end(): void {
    if (this.#over) return;
    this.stop();
    this.#response.end();
    this.#farewell = this.#options.clock.after(this.#limits.farewellMs, () => this.#response.destroy());
  }

  #send(text: string): void {
    if (this.#over) return;
    if (this.#early) {
      this.#early.push(text);
      this.#earlyBytes += text.length;
    } else this.#response.write(text);
    if (this.#earlyBytes > this.#limits.waitingBytes || this.#response.writableLength > this.#limits.waitingBytes)
      this.#overflow();
    if (!this.#early) this.#earlyBytes = 0;
  }

  /** The reader is slower than the events: it gets an `overflow` event after what it has not read yet, then the end. */
  #overflow(): void {
    this.#response.write('event: overflow\ndata: {"detail":"this reader was too slow: connect again"}\n\n');
    this.end();
  }

  /** Present events are sent no faster than they are read. */
  async #drained(): Promise<void> {
    if (this.#over || !this.#response.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#response.off('drain', done).off('close', done);
        resolve();
      };
      this.#response.on('drain', done).on('close', done);
    });
  }
}

function textOf(event: Event): string {
  return `data: ${JSON.stringify(eventToJson(event))}\n\n`;
}
