/** Alerts as JSON to an address of the user's own. */
import { createHmac } from 'node:crypto';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Alert } from '../alert/index.ts';
import { HttpPoster } from './http-post.ts';
import type { OptionReader } from './option-reader.ts';
import type { ChannelOptions } from './options.ts';
import type { ChannelKind, Compiled } from './sender.ts';

/** `{"alerts": [...]}`: each alert has `state` trigger or resolve, and `key` to know it again. Times are unix seconds. */
export function webhookBody(alerts: readonly Alert[]): unknown {
  return {
    alerts: alerts.map(({ timeS, sinceS, eventState, ...alert }) => ({
      ...alert,
      ...(eventState === undefined ? {} : { eventState }),
      time: timeS,
      since: sinceS,
    })),
  };
}

export interface WebhookOptions extends ChannelOptions {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Its text signs each body: `x-satellite-signature-256: sha256=` and the HMAC in hex. */
  readonly secretFile?: string;
  /** Its text is sent as `authorization: Bearer`. */
  readonly tokenFile?: string;
  readonly ca?: string;
}

function compile(options: OptionReader): Compiled {
  const url = options.url('url');
  const headers = options.record('headers', true);
  const secret = options.secretFile('secretFile');
  const token = options.secretFile('tokenFile');
  const ca = options.file('ca');
  for (const [name, value] of Object.entries(headers))
    if (!isHeader(name, value))
      options.wrong('headers', `: ${JSON.stringify(name)} or its value is not fit for a header`);
  return {
    target: { url: url.href, headers, ...filesOf(options, ['secretFile', 'tokenFile', 'ca']) },
    batch: 100,
    open: ({ timeoutMs, nowS }) => {
      const poster = new HttpPoster(timeoutMs, ca);
      return {
        send: (alerts) =>
          poster.post(() => {
            const body = JSON.stringify(webhookBody(alerts));
            const key = secret?.read();
            const bearer = token?.read();
            return {
              url,
              body,
              headers: {
                ...headers,
                ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
                ...(key === undefined ? {} : { 'x-satellite-signature-256': `sha256=${signature(key, body)}` }),
              },
              secrets: [...Object.values(headers), ...[key, bearer].filter((one) => one !== undefined)],
            };
          }, nowS() * 1000),
        close: () => poster.close(),
      };
    },
  };
}

/** The paths, which distinguish one channel from another. */
export function filesOf(options: OptionReader, names: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(names.map((name) => [name, options.raw(name)]));
}

function signature(key: string, body: string): string {
  return createHmac('sha256', key).update(body).digest('hex');
}

function isHeader(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}

export const webhook: ChannelKind<WebhookOptions> = { compile };
