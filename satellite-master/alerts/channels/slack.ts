/** Slack's incoming webhooks: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
import type { Alert, Severity } from '../alert.ts';
import { HttpPoster } from './http-post.ts';
import { type OptionReader, parseUrl } from './option-reader.ts';
import { Secret } from './secret.ts';
import type { Compiled } from './sender.ts';
import { filesOf } from './webhook.ts';

/** Slack asks for no more attachments in one message. */
const MOST_ATTACHMENTS = 20;
const LONGEST_TEXT = 3000;
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
    text: alerts.length === 1 && first ? headline(first) : `${alerts.length} alerts`,
    attachments: alerts.map((alert) => ({
      color: alert.state === 'resolve' ? RESOLVED : COLOURS[alert.severity],
      fallback: headline(alert),
      text: detailsOf(alert),
      mrkdwn_in: [],
      footer: escaped(alert.source),
      ts: Math.floor(alert.timeS),
    })),
  };
}

function headline({ state, summary }: Alert): string {
  return escaped(state === 'resolve' ? `Resolved: ${summary}` : summary);
}

function detailsOf(alert: Alert): string {
  const { description, metric } = alert;
  const lines = [headline(alert)];
  if (description !== undefined) lines.push(escaped(description));
  if (metric !== undefined) lines.push(`metric ${metric}`);
  return lines.join('\n').slice(0, LONGEST_TEXT);
}

/** The three signs with a meaning in Slack's text: a description can't ring everybody by `<!channel>`. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

export function compileSlack(options: OptionReader): Compiled {
  const file = options.secretFile('webhookUrlFile');
  const given = options.has('url') ? options.url('url') : undefined;
  if (options.has('webhookUrlFile') === options.has('url'))
    options.wrong('webhookUrlFile', 'or "url" must be given, one of both');
  const address = file ?? new Secret({ text: given?.href ?? '' });
  const ca = options.file('ca');
  return {
    target: filesOf(options, ['url', 'webhookUrlFile', 'ca']),
    batch: MOST_ATTACHMENTS,
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
