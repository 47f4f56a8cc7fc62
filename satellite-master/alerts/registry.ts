/** Which channels there are: the same options are the same channel, kept as long as a rules module holds it. */
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { type Log, OnceLog } from '../../shared/log.ts';
import type { Metrics } from '../stats/index.ts';
import { StreamArgumentError } from '../streams/index.ts';
import { Channel } from './channel.ts';
import { freeName, type Parsed } from './channels/index.ts';
import { Delivery } from './delivery.ts';
import type { Term } from './needs-sending.ts';

/** A rule that makes a channel for each host would never end. */
const MAX_CHANNELS = 100;

export interface LiveChannel {
  readonly name: string;
  readonly identity: string;
  readonly channel: Channel;
  readonly delivery: Delivery;
  holders: number;
}

export interface RegistryOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly term: () => Term;
}

export class ChannelRegistry {
  readonly #options: RegistryOptions;
  readonly #once: OnceLog;
  readonly #live = new Map<string, LiveChannel>();

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#once = new OnceLog(options.log, options.clock);
  }

  all(): Iterable<LiveChannel> {
    return this.#live.values();
  }

  /**
   * @param held what the same module holds already
   * @throws StreamArgumentError for a name that another channel of the module has, or for too many channels
   */
  hold(parsed: Parsed, held: Map<string, LiveChannel>): LiveChannel {
    const { identity, kind } = parsed;
    const mine = held.get(identity);
    if (mine) return mine;
    if (held.size >= MAX_CHANNELS)
      throw new StreamArgumentError(kind, `is the channel beyond ${MAX_CHANNELS} of one rules module`);
    if (parsed.name !== undefined && [...held.values()].some(({ name }) => name === parsed.name))
      throw new StreamArgumentError(kind, `"name" ${JSON.stringify(parsed.name)} is that of another channel`);
    const live = this.#live.get(identity) ?? this.#make(parsed);
    live.holders++;
    held.set(identity, live);
    return live;
  }

  /** @returns it where nobody holds it any more */
  release(live: LiveChannel): LiveChannel | undefined {
    if (--live.holders > 0) return undefined;
    this.#live.delete(live.identity);
    return live;
  }

  #make(parsed: Parsed): LiveChannel {
    const { clock, log, metrics, term } = this.#options;
    const { identity, repeatMs, batch } = parsed;
    const name = parsed.name ?? freeName(parsed.kind, new Set([...this.#live.values()].map((live) => live.name)));
    const sender = openSender(parsed, () => clock.wallMs() / 1000);
    const delivery = new Delivery({
      sender,
      batch,
      clock,
      tried: (outcome, alerts) => {
        metrics.alertsSent.inc({ channel: name, outcome: outcome.kind }, alerts);
        if (outcome.kind === 'sent') this.#once.recovered(name, 'alert channel recovered', { channel: name });
        else this.#once.warn(name, 'failed to send alerts', { channel: name, alerts, err: outcome.reason });
      },
      dropped: (reason, alerts) => {
        metrics.alertsDropped.inc({ channel: name, reason }, alerts);
        if (reason === 'overflow' || reason === 'gave-up' || reason === 'shutdown')
          log.warn({ channel: name, reason, alerts }, 'alerts dropped');
      },
    });
    const channel = new Channel({
      clock,
      term,
      repeatMs,
      room: () => delivery.room,
      send: (alert, reason) => {
        const { state, key, summary } = alert;
        log.info({ channel: name, state, key, summary, reason }, 'alert goes out');
        delivery.put(alert);
      },
      forgotten: () => metrics.alertsDropped.inc({ channel: name, reason: 'forgotten' }),
    });
    const live = { name, identity, channel, delivery, holders: 0 };
    this.#live.set(identity, live);
    return live;
  }
}

function openSender(parsed: Parsed, nowS: () => number) {
  const { kind, timeoutMs, repeatMs } = parsed;
  try {
    return parsed.open({ timeoutMs, repeatMs, nowS });
  } catch (error) {
    throw new StreamArgumentError(kind, messageOf(error));
  }
}
