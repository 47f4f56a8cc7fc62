/** Channels that only write down what they would send: for test benches, replay and rules that run in the shadow. */
import type { Clock } from '../../shared/clock.ts';
import type { Alert } from './alert/index.ts';
import { Channel } from './channel.ts';
import type { ChannelFunctions } from './channels/index.ts';
import { freeName, type Parsed, parseChannel } from './channels/index.ts';
import { bindChannels } from './intake.ts';
import type { SendingReason } from './needs-sending.ts';

export interface RecordedAlert extends Alert {
  /** The channel's name. */
  readonly channel: string;
  readonly reason: SendingReason | 'heartbeat';
}

export interface Recorder {
  readonly functions: ChannelFunctions;
  /** For what is said again; to be called as time passes. */
  tick(): void;
}

export interface RecorderOptions {
  readonly clock: Clock;
  /** Names the master where an event has no host. */
  readonly self: string;
  readonly record: (alert: RecordedAlert) => void;
  /** Whether files that options name must be there and fit; default false: a bench has no secrets. */
  readonly readsFiles?: boolean;
}

/** As a master that leads. Options are checked as usual. */
export function recordChannels({ clock, self, record, readsFiles = false }: RecorderOptions): Recorder {
  const channels = new Map<string, Channel>();
  const names = new Set<string>();
  const open = (parsed: Parsed): Channel => {
    const known = channels.get(parsed.identity);
    if (known) return known;
    const name = parsed.name ?? freeName(parsed.kind, names);
    names.add(name);
    const channel = new Channel({
      clock,
      term: () => 1,
      repeatMs: parsed.repeatMs,
      send: (alert, reason) => record({ ...alert, channel: name, reason }),
      room: () => Number.POSITIVE_INFINITY,
      forgotten: () => undefined,
    });
    channels.set(parsed.identity, channel);
    return channel;
  };
  return {
    functions: bindChannels({ clock, self, open: (kind, given) => open(parseChannel(kind, given, readsFiles)) }),
    tick: () => {
      for (const channel of channels.values()) channel.tick();
    },
  };
}
