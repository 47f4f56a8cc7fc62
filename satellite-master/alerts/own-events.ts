/** Events about the alerts themselves, for rules: that this master is alive, and which channel does not work. */
import type { Event } from '../../shared/event.ts';
import { MAX_TTL_SECONDS } from '../../shared/event.ts';
import type { Health } from './delivery.ts';

export const DEAD_MAN = 'satellite/dead-man';
export const CHANNEL_PREFIX = 'satellite/alerts/';
export const PERIOD_MS = 60_000;
/** A missed one is no expiry yet: the event loop may have stood still. */
const TTL_SECONDS = (3 * PERIOD_MS) / 1000;

/** Without a host: it never reaches the whitelist, and the next leader says it under the same name. */
export function deadManEvent(nowS: number): Event {
  return {
    service: DEAD_MAN,
    state: 'ok',
    time: nowS,
    ttl: TTL_SECONDS,
    description: 'this master and its rules live',
  };
}

export function channelEvent(channel: string, health: Health, nowS: number): Event {
  return {
    service: `${CHANNEL_PREFIX}${channel}`,
    state: health.works ? 'ok' : 'critical',
    time: nowS,
    ttl: TTL_SECONDS,
    description: health.works ? 'alerts can be sent' : `alerts can not be sent: ${health.reason}`,
  };
}

/** The last word of a channel that no rule uses any more: its silence is no trouble. */
export function channelGoneEvent(channel: string, nowS: number): Event {
  return {
    service: `${CHANNEL_PREFIX}${channel}`,
    state: 'ok',
    time: nowS,
    ttl: MAX_TTL_SECONDS,
    description: 'no rule uses this channel any more',
  };
}
