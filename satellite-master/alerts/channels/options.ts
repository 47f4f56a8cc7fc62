/** What users write in rules to say where alerts go. Durations: a number is seconds, a string says its unit. */
import type { Stream, StreamEvent } from '../../streams/index.ts';
import type { AlertOptions } from '../alert/index.ts';

/** For every kind of channel. */
export interface ChannelOptions extends AlertOptions {
  /** Names it in metrics, logs and `satellite/alerts/NAME`; default the kind, numbered from the second on. */
  readonly name?: string;
  /** After which what is still open is said again; default 4 h, for `alertmanager` 1 min. */
  readonly repeat?: number | string;
  /** For one try; default 10 s. */
  readonly timeout?: number | string;
}

export interface EmailOptions extends ChannelOptions {
  readonly from: string;
  readonly to: string | readonly string[];
  /** Default `localhost`. */
  readonly host?: string;
  /** Default 25, with `secure` 465. */
  readonly port?: number;
  /** TLS from the first byte on; else STARTTLS where the server offers it. */
  readonly secure?: boolean;
  /** Sent under TLS only, save to loopback. */
  readonly auth?: { readonly user: string; readonly passwordFile: string };
  /** Path of a PEM file with the authorities to trust. */
  readonly ca?: string;
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

/** One of both names the integration. */
export interface PagerdutyOptions extends ChannelOptions {
  readonly routingKeyFile?: string;
  readonly routingKey?: string;
  /** Default `https://events.pagerduty.com/v2/enqueue`. */
  readonly url?: string;
  readonly ca?: string;
}

/** One of both: the address of an incoming webhook is itself a secret. */
export interface SlackOptions extends ChannelOptions {
  readonly webhookUrlFile?: string;
  readonly url?: string;
  readonly ca?: string;
}

export interface AlertmanagerOptions extends ChannelOptions {
  /** Of the Alertmanager, without `/api/v2/alerts`. */
  readonly url: string;
  /** Further labels of each alert, to route by. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly tokenFile?: string;
  readonly ca?: string;
}

/** Takes single events, and the lists that `rollup`, `batch` and windows give. */
export type AlertStream = Stream<StreamEvent | readonly StreamEvent[]>;

/**
 * The functions rules call. Wrong options throw a StreamArgumentError that names the channel and the option.
 * The same options are the same channel wherever they stand, so a channel may be made inside `by`.
 */
export interface ChannelFunctions {
  email(options: EmailOptions): AlertStream;
  webhook(options: WebhookOptions): AlertStream;
  pagerduty(options: PagerdutyOptions): AlertStream;
  slack(options: SlackOptions): AlertStream;
  alertmanager(options: AlertmanagerOptions): AlertStream;
}
