/** Slack's incoming webhooks: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
import { cutToLength } from '../../../shared/text.ts';
import type { Alert, Severity } from '../alert/index.ts';
import { HttpPoster } from './http-post.ts';
import { type OptionReader, parseUrl } from './option-reader.ts';
import type { ChannelOptions } from './options.ts';
import { Secret } from './secret.ts';
import type { ChannelKind, Compiled } from './sender.ts';
import { filesOf } from './webhook.ts';

/** Slack asks for no more attachments in one message. */
const MAX_ATTACHMENTS = 20;
const MAX_TEXT = 3000;
const COLOURS: Readonly<Record<Severity, string>> = {
  critical: '#b3261e',
  error: '#b3261e',
  warning: '#b26a00',
  info: '#2f6f9f',
};
const RESOLVED = '#2e7d32';

export function slackBody(alerts: readonly Alert[]): unknown {
  const [first] = alerts;
  return {
    text: alerts.length === 1 && first ? fitText(headline(first), MAX_TEXT) : `${alerts.length} alerts`,
    // Formatting and links are off wherever Slack lets a message say so.
    mrkdwn: false,
    parse: 'none',
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
    attachments: alerts.map((alert) => ({
      color: alert.state === 'resolve' ? RESOLVED : COLOURS[alert.severity],
      fallback: fitText(headline(alert), MAX_TEXT),
      text: detailsOf(alert),
      mrkdwn_in: [],
      footer: fitText(alert.source, MAX_TEXT),
      ts: Math.floor(alert.timeS),
    })),
  };
}

function headline({ state, summary }: Alert): string {
  return state === 'resolve' ? `Resolved: ${summary}` : summary;
}

/** The description gives way to the other lines. */
function detailsOf(alert: Alert): string {
  const { description, metric } = alert;
  const first = fitText(headline(alert), MAX_TEXT / 2);
  const last = metric === undefined ? [] : [`metric ${metric}`];
  if (description === undefined) return [first, ...last].join('\n');
  const room = MAX_TEXT - [first, '', ...last].join('\n').length;
  return [first, fitText(description, room), ...last].join('\n');
}

/** Text of an event, in which nothing links, mentions or formats; cut before it is escaped, within no character. */
function fitText(text: string, length: number): string {
  return cutToLength(neutral(cutToLength(text, length)), length, escaped);
}

/** Invisible, and no part of an address, a name or a mark: what it stands in is none any more. */
const BREAK = '\u200b';
const ADDRESS =
  /([a-z][a-z0-9+.-]{0,20}:)(?=\/\/)|(\bwww)(?=\.)|(mailto:|tel:)|([^\s@]@)(?=[^\s@]+\.)|(@)(?=channel|here|everyone)/gi;
const OPENING_MARK = /(^|[^\p{L}\p{N}])([*_~`]+)(?=\S)/gmu;
const CLOSING_MARK = /(?<=\S)([*_~`]+)(?=$|[^\p{L}\p{N}*_~`\u200b])/gmu;
const EMOJI = /(?<![\p{L}\p{N}]):(?=[a-z0-9_+'-]+:)/giu;
const QUOTE = /^(?=>)/gm;

function neutral(text: string): string {
  return text
    .replace(ADDRESS, `$&${BREAK}`)
    .replace(OPENING_MARK, `$1$2${BREAK}`)
    .replace(CLOSING_MARK, `${BREAK}$1`)
    .replace(EMOJI, `:${BREAK}`)
    .replace(QUOTE, BREAK);
}

/** The three signs with a meaning in Slack's text: a description can't ring everybody by `<!channel>`. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** One of both: the address of an incoming webhook is itself a secret. */
export interface SlackOptions extends ChannelOptions {
  readonly webhookUrlFile?: string;
  readonly url?: string;
  readonly ca?: string;
}

function compile(options: OptionReader): Compiled {
  const file = options.secretFile('webhookUrlFile');
  const given = options.has('url') ? options.url('url') : undefined;
  if (options.has('webhookUrlFile') === options.has('url'))
    options.wrong('webhookUrlFile', 'or "url" must be given, one of both');
  const address = file ?? new Secret({ text: given?.href ?? '' });
  const ca = options.file('ca');
  return {
    target: filesOf(options, ['url', 'webhookUrlFile', 'ca']),
    batch: MAX_ATTACHMENTS,
    open: ({ timeoutMs, nowS }) => {
      const poster = new HttpPoster(timeoutMs, ca);
      return {
        send: (alerts) =>
          poster.post(() => {
            const url = parseUrl(address.read());
            if (!url) throw new Error('the file of "webhookUrlFile" holds no address http[s]://...');
            return { url, body: slackBody(alerts) };
          }, nowS() * 1000),
        close: () => poster.close(),
      };
    },
  };
}

export const slack: ChannelKind<SlackOptions> = { compile };
