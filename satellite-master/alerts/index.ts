/**
 * Alerts: rules hand events to channels, the leader sends (docs/judgement.md, rule 25).
 * ```
 * event -> alertOf -> needsSending per channel and key -> queue -> delivery with retries -> mail, webhook, ...
 * ```
 */
import type { Clock } from '../../shared/clock.ts';
import type { Event } from '../../shared/event.ts';
import type { HostName } from '../../shared/host-name.ts';
import type { Log } from '../../shared/log.ts';
import type { Metrics } from '../stats/index.ts';
import type { ChannelFunctions } from './channels/index.ts';
import { parseChannel } from './channels/index.ts';
import type { Delivery } from './delivery.ts';
import { bindChannels } from './intake.ts';
import type { Term } from './needs-sending.ts';
import { channelEvent, channelGoneEvent, deadManEvent, PERIOD_MS } from './own-events.ts';
import { ChannelRegistry, type LiveChannel } from './registry.ts';

/** `SayingOptions`: the name of `AlertOptions` in earlier versions, kept for rules modules that import it. */
export type { Alert, AlertOptions, AlertOptions as SayingOptions, Severity } from './alert/index.ts';
export type * from './channels/index.ts';
export { type RecordedAlert, type Recorder, recordChannels } from './recorder.ts';

export interface AlertsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Whether this master leads: only then anything leaves. */
  readonly leads: () => boolean;
  /** Takes what alerts have to say of themselves: `satellite/alerts/<channel>` and `satellite/dead-man`. */
  readonly emit: (events: readonly Event[]) => void;
  /** Names this master where an event has no host. */
  readonly self: string;
}

/** The channels of one rules module. Loading another beside it keeps what both use, with what is open in it. */
export interface ModuleChannels {
  readonly functions: ChannelFunctions;
  /** When the module is no longer fed events, and the one in its place is open; or when it was not sound. */
  release(): void;
}

export interface Alerts {
  openModule(): ModuleChannels;
  /** To be called when `leads` has changed. */
  leadershipChanged(): void;
  /** The host left the inventory (docs/judgement.md, rule 21): nothing of it is a trouble any more. */
  dropHost(host: HostName): void;
  /** Follows the time; to be called several times a second. */
  tick(): void;
  /** Sends what waits, at most for so long. */
  close(deadlineMs: number): Promise<void>;
}

export function createAlerts(options: AlertsOptions): Alerts {
  const { clock, log, metrics, leads, emit, self } = options;
  let terms = 0;
  let term: Term;
  let sentAtMs: number | undefined;
  const lastStates = new Map<string, string>();
  const gone: Event[] = [];
  /** Released, and still sending what waits in them. */
  const draining = new Set<Delivery>();
  const registry = new ChannelRegistry({ clock, log, metrics, term: () => term });
  const nowS = () => clock.wallMs() / 1000;

  function leadershipChanged(): void {
    if (leads() === (term !== undefined)) return;
    term = leads() ? ++terms : undefined;
    // A switch that waits for the dead man shall not miss one by a hand-over.
    sentAtMs = undefined;
    for (const { channel, delivery } of registry.all()) {
      if (term === undefined) delivery.recall();
      else channel.lead();
    }
  }

  /** Everything once a minute, so that nothing of it expires while this master lives; what changes at once. */
  function reportSelf(): void {
    const nowMs = clock.monoMs();
    const due = sentAtMs === undefined || nowMs - sentAtMs >= PERIOD_MS;
    const events = due ? [...gone.splice(0), deadManEvent(nowS())] : gone.splice(0);
    if (due) sentAtMs = nowMs;
    for (const { name, delivery } of registry.all()) {
      const event = channelEvent(name, delivery.health, nowS());
      if (!due && (lastStates.get(name) ?? 'ok') === event.state) continue;
      lastStates.set(name, event.state ?? 'ok');
      events.push(event);
    }
    if (events.length > 0) emit(events);
  }

  function drop({ name, delivery }: LiveChannel): void {
    const stillThere = [...registry.all()].some((other) => other.name === name);
    // A module that was not sound may have made channels of which nothing was said yet.
    if (!stillThere && lastStates.delete(name)) gone.push(channelGoneEvent(name, nowS()));
    draining.add(delivery);
    void delivery.close(PERIOD_MS).finally(() => draining.delete(delivery));
  }

  metrics.onCollect(() => {
    metrics.alertsOpen.reset();
    metrics.alertsWaiting.reset();
    for (const { name, channel, delivery } of registry.all()) {
      metrics.alertsOpen.inc({ channel: name }, channel.size);
      metrics.alertsWaiting.inc({ channel: name }, delivery.size);
    }
  });
  leadershipChanged();

  return {
    openModule() {
      const held = new Map<string, LiveChannel>();
      return {
        functions: bindChannels({
          clock,
          self,
          open: (kind, given) => registry.hold(parseChannel(kind, given, true), held).channel,
        }),
        release() {
          for (const live of held.values()) {
            const last = registry.release(live);
            if (last) drop(last);
          }
          held.clear();
        },
      };
    },
    leadershipChanged,
    dropHost(host) {
      for (const { channel } of registry.all()) channel.dropHost(host, nowS());
    },
    tick() {
      leadershipChanged();
      for (const { channel } of registry.all()) channel.tick();
      reportSelf();
    },
    async close(deadlineMs) {
      const all = [...draining, ...[...registry.all()].map(({ delivery }) => delivery)];
      await Promise.all(all.map((delivery) => delivery.close(deadlineMs)));
    },
  };
}
