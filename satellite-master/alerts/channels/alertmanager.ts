/** Prometheus' Alertmanager, API v2: POST /api/v2/alerts. It takes an alert as over when `endsAt` has passed. */
import { type Alert, defaultKey } from '../alert/index.ts';
import { HttpPoster } from './http-post.ts';
import type { OptionReader } from './option-reader.ts';
import type { ChannelOptions } from './options.ts';
import type { ChannelKind, Compiled } from './sender.ts';
import { filesOf } from './webhook.ts';

/** As Prometheus does: an alert ends by itself when it was not said again three times. */
const REPEATS_BEFORE_END = 4;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const OWN_LABELS = ['alertname', 'instance', 'severity', 'key'];

/**
 * Only what stays the same while the problem lasts may be a label: labels identify an alert in Alertmanager.
 * A severity that rises makes another alert there; the one before ends by itself.
 */
export function alertmanagerBody(
  alerts: readonly Alert[],
  labels: Readonly<Record<string, string>>,
  { nowS, repeatMs }: { readonly nowS: number; readonly repeatMs: number },
): unknown {
  return alerts.map((alert) => {
    const { state, severity, summary, description, metric, eventState, sinceS, timeS } = alert;
    const endS = state === 'resolve' ? Math.min(timeS, nowS) : nowS + (REPEATS_BEFORE_END * repeatMs) / 1000;
    return {
      labels: { ...labels, ...identityOf(alert), severity },
      annotations: {
        summary,
        source: alert.source,
        ...(description === undefined ? {} : { description }),
        ...(metric === undefined ? {} : { metric: String(metric) }),
        ...(eventState === undefined ? {} : { state: eventState }),
      },
      startsAt: iso(Math.min(sinceS, endS)),
      endsAt: iso(endS),
    };
  });
}

/** Without a host no `instance`: the next leader's name would make another alert of it. */
function identityOf({ host, service, key }: Alert): Readonly<Record<string, string>> {
  const instance = host === undefined ? {} : { instance: host };
  return { alertname: service, ...instance, ...(key === defaultKey(host, service) ? {} : { key }) };
}

function iso(timeS: number): string {
  return new Date(timeS * 1000).toISOString();
}

export interface AlertmanagerOptions extends ChannelOptions {
  /** Of the Alertmanager, without `/api/v2/alerts`. */
  readonly url: string;
  /** Further labels of each alert, to route by. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly tokenFile?: string;
  readonly ca?: string;
}

function compile(options: OptionReader): Compiled {
  const base = options.url('url');
  const labels = options.record('labels');
  const token = options.secretFile('tokenFile');
  const ca = options.file('ca');
  for (const name of Object.keys(labels))
    if (!LABEL_NAME.test(name) || OWN_LABELS.includes(name))
      options.wrong('labels', `: ${JSON.stringify(name)} is no name of a label, or one that Satellite sets`);
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/$/, '')}/api/v2/alerts`;
  return {
    target: { url: url.href, labels, ...filesOf(options, ['tokenFile', 'ca']) },
    batch: 100,
    open: ({ timeoutMs, repeatMs, nowS }) => {
      const poster = new HttpPoster(timeoutMs, ca);
      return {
        send: (alerts) =>
          poster.post(() => {
            const bearer = token?.read();
            return {
              url,
              body: alertmanagerBody(alerts, labels, { nowS: nowS(), repeatMs }),
              ...(bearer === undefined ? {} : { headers: { authorization: `Bearer ${bearer}` }, secrets: [bearer] }),
            };
          }, nowS() * 1000),
        close: () => poster.close(),
      };
    },
  };
}

/** Its alerts end by themselves unless they are sent again. */
export const alertmanager: ChannelKind<AlertmanagerOptions> = { compile, repeatMs: 60_000 };
