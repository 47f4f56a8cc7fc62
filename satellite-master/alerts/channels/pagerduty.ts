/** PagerDuty's Events API v2: https://developer.pagerduty.com/docs/events-api-v2-overview */
import { createHash } from 'node:crypto';
import type { Alert } from '../alert/index.ts';
import { HttpPoster } from './http-post.ts';
import type { OptionReader } from './option-reader.ts';
import type { ChannelOptions } from './options.ts';
import { Secret } from './secret.ts';
import type { ChannelKind, Compiled } from './sender.ts';
import { filesOf } from './webhook.ts';

const MAX_DEDUP_KEY = 255;

export function pagerdutyBody(alert: Alert, routingKey: string): unknown {
  const { state, key, severity, summary, source, service, eventState, description, metric, timeS, labels } = alert;
  const head = { routing_key: routingKey, event_action: state, dedup_key: dedupKey(key) };
  if (state === 'resolve') return head;
  return {
    ...head,
    client: 'Satellite',
    payload: {
      summary,
      source,
      severity,
      timestamp: new Date(timeS * 1000).toISOString(),
      component: service,
      custom_details: {
        ...labels,
        service,
        ...(eventState === undefined ? {} : { state: eventState }),
        ...(description === undefined ? {} : { description }),
        ...(metric === undefined ? {} : { metric }),
      },
    },
  };
}

/** A key that is too long must stay different from others that begin alike. */
function dedupKey(key: string): string {
  return key.length <= MAX_DEDUP_KEY ? key : `sha256:${createHash('sha256').update(key).digest('hex')}`;
}

/** One of both names the integration. */
export interface PagerdutyOptions extends ChannelOptions {
  readonly routingKeyFile?: string;
  readonly routingKey?: string;
  /** Default `https://events.pagerduty.com/v2/enqueue`. */
  readonly url?: string;
  readonly ca?: string;
}

function compile(options: OptionReader): Compiled {
  const url = options.url('url', 'https://events.pagerduty.com/v2/enqueue');
  const file = options.secretFile('routingKeyFile');
  const text = options.raw('routingKey');
  if (options.has('routingKeyFile') === options.has('routingKey'))
    options.wrong('routingKeyFile', 'or "routingKey" must be given, one of both');
  if (text !== undefined && (typeof text !== 'string' || text === '')) options.wrong('routingKey', 'must be a text');
  const key = file ?? new Secret({ text: String(text) });
  const ca = options.file('ca');
  return {
    target: { url: url.href, ...filesOf(options, ['routingKey', 'routingKeyFile', 'ca']) },
    batch: 1,
    open: ({ timeoutMs, nowS }) => {
      const poster = new HttpPoster(timeoutMs, ca);
      return {
        send: ([alert]) =>
          poster.post(() => {
            const routingKey = key.read();
            return { url, body: alert && pagerdutyBody(alert, routingKey), secrets: [routingKey] };
          }, nowS() * 1000),
        close: () => poster.close(),
      };
    },
  };
}

export const pagerduty: ChannelKind<PagerdutyOptions> = { compile };
