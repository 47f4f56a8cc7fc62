/** The way of events into channels: each becomes an alert, and its channel decides. */
import type { Clock } from '../../shared/clock.ts';
import type { StreamEvent } from '../streams/index.ts';
import { type AlertOptions, alertOf, conditionOver, keyOf } from './alert/index.ts';
import type { Channel } from './channel.ts';
import { type AlertStream, type ChannelFunctions, channelFunctions, type Kind } from './channels/index.ts';
import { HeldConditions } from './held-conditions.ts';

export interface IntakeOptions {
  readonly clock: Clock;
  readonly self: string;
  /** @throws StreamArgumentError for options that do not fit the kind */
  readonly open: (kind: Kind, options: unknown) => Channel;
}

export function bindChannels({ clock, self, open }: IntakeOptions): ChannelFunctions {
  const bind =
    (kind: Kind) =>
    (options: AlertOptions): AlertStream => {
      const channel = open(kind, options);
      const take = (event: StreamEvent) => {
        const alert = alertOf(event, options, self, clock.wallMs() / 1000);
        if (!alert) return;
        if (options.heartbeat) channel.beat(alert);
        else channel.ingest(alert);
      };
      const held = new HeldConditions();
      const stream = (item: StreamEvent | readonly StreamEvent[]) => {
        if (isList(item)) for (const event of item) take(event);
        else take(item);
      };
      return Object.assign(stream, {
        conditionHolds: (item: StreamEvent | readonly StreamEvent[], filter: object) => {
          if (!isList(item) && item.state === undefined) held.begin(keyOf(item, options), filter);
        },
        conditionFails: (item: StreamEvent | readonly StreamEvent[], filter: object) => {
          if (isList(item) || options.heartbeat || !held.end(() => keyOf(item, options), filter)) return;
          channel.ingest(conditionOver(item, options, self, clock.wallMs() / 1000));
        },
      });
    };
  return channelFunctions(bind);
}

function isList(item: StreamEvent | readonly StreamEvent[]): item is readonly StreamEvent[] {
  return Array.isArray(item);
}
