/** Channels that only write down what they would send: for test benches, replay and rules that run in the shadow. */
import type { Clock } from '../../shared/clock.ts';
import type { Alert } from './alert.ts';
import { Channel } from './channel.ts';
import { type Parsed, parseChannel } from './channels/kinds.ts';
import type { ChannelFunctions } from './channels/options.ts';
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

/** As a master that leads. Options are checked as usual, but no file that they name is read. */
export function recordChannels(options: {
  readonly clock: Clock;
  /** Names the master where an event has no host. */
  readonly self: string;
  readonly record: (alert: RecordedAlert) => void;
}): Recorder {
  const { clock, self, record } = options;
  const channels = new Map<string, Channel>();
  const open = (parsed: Parsed): Channel => {
    const known = channels.get(parsed.identity);
    if (known) return known;
    const name = parsed.name ?? parsed.kind;
    const channel = new Channel({
      clock,
      term: () => 1,
      repeatMs: parsed.repeatMs,
      say: (alert, reason) => record({ ...alert, channel: name, reason }),
      room: () => Number.POSITIVE_INFINITY,
      forgotten: () => undefined,
    });
    channels.set(parsed.identity, channel);
    return channel;
  };
  return {
    functions: bindChannels({ clock, self, open: (kind, given) => open(parseChannel(kind, given, false)) }),
    tick: () => {
      for (const channel of channels.values()) channel.tick();
    },
  };
}
