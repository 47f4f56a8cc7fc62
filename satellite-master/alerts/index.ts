/**
 * Alerts: rules hand events to channels, the leader sends (judgement.md 25).
 * ```
 * event -> alertOf -> needsSending per channel and key -> queue -> delivery with retries -> mail, webhook, ...
 * ```
 */
import type { Clock } from '../../shared/clock.ts';
import type { Event } from '../../shared/event.ts';
import type { Log } from '../../shared/log.ts';
import type { Metrics } from '../stats/metrics.ts';
import type { Alert } from './alert.ts';
import type { ChannelFunctions } from './channels/options.ts';
import type { SendingReason } from './needs-sending.ts';

export type { Alert, SayingOptions, Severity } from './alert.ts';
export type * from './channels/options.ts';

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

/** For test benches, replay and shadow rules: what would have been sent, in place of sending. */
export interface RecordedAlert extends Alert {
  /** The channel's name. */
  readonly channel: string;
  readonly reason: SendingReason | 'heartbeat';
}

export interface Alerts {
  /** @param record takes what would be sent; no secret is read then */
  openModule(record?: (alert: RecordedAlert) => void): ModuleChannels;
  /** To be called when `leads` has changed. */
  leadershipChanged(): void;
  /** Follows the time; to be called several times a second. */
  tick(): void;
  /** Sends what waits, at most for so long. */
  close(deadlineMs: number): Promise<void>;
}
