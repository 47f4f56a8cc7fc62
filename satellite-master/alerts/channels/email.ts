/** Mail over SMTP. Everything that waits goes into one message. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { messageOf } from '../../../shared/errors.ts';
import { isLoopback } from '../../../shared/loopback.ts';
import { escapeControls } from '../../../shared/text.ts';
import type { Alert } from '../alert/index.ts';
import type { OptionReader } from './option-reader.ts';
import type { ChannelOptions } from './options.ts';
import { redacted, type Secret } from './secret.ts';
import type { ChannelKind, Compiled, Outcome } from './sender.ts';

export interface Mail {
  readonly subject: string;
  readonly text: string;
  /** Binds the mails of one trouble into one thread. */
  readonly references?: string;
}

export function mailOf(alerts: readonly Alert[]): Mail {
  const [first] = alerts;
  const text = alerts.map(paragraph).join('\n\n');
  if (alerts.length !== 1 || !first) return { subject: `${alerts.length} alerts: ${first?.summary ?? ''}`, text };
  const thread = createHash('sha256').update(first.key).digest('hex').slice(0, 32);
  return { subject: headline(first), text, references: `<${thread}@satellite.invalid>` };
}

function headline({ state, summary }: Alert): string {
  return state === 'resolve' ? `Resolved: ${summary}` : summary;
}

function paragraph(alert: Alert): string {
  const rows: [string, string | undefined][] = [
    ['host', alert.host],
    ['service', alert.service],
    ['state', alert.eventState],
    ['severity', alert.state === 'trigger' ? alert.severity : undefined],
    ['metric', alert.metric?.toString()],
    ['time', iso(alert.timeS)],
    ['since', alert.sinceS === alert.timeS ? undefined : iso(alert.sinceS)],
    ['source', alert.host === undefined ? alert.source : undefined],
    ...Object.entries(alert.labels),
  ];
  const lines = rows.flatMap(([name, value]) => (value === undefined ? [] : [`  ${name}: ${escapeControls(value)}`]));
  return [headline(alert), ...lines, ...(alert.description === undefined ? [] : ['', alert.description])].join('\n');
}

function iso(timeS: number): string {
  return new Date(timeS * 1000).toISOString();
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

function compile(options: OptionReader): Compiled {
  const from = options.text('from');
  const to = options.texts('to');
  for (const [name, addresses] of [['from', [from]] as const, ['to', to] as const])
    if (addresses.some((one) => one !== '' && !one.includes('@'))) options.wrong(name, 'must hold addresses of mail');
  const host = options.text('host', 'localhost');
  const secure = options.flag('secure');
  const port = options.port('port', secure ? 465 : 25);
  const auth = authOf(options);
  const ca = options.file('ca');
  return {
    target: { from, to, host, port, secure, auth: options.raw('auth'), ca },
    batch: 50,
    open: ({ timeoutMs }) => ({
      send: (alerts) => send(alerts, { from, to, host, port, secure, auth, ca, timeoutMs }),
      close: async () => undefined,
    }),
  };
}

interface Server {
  readonly from: string;
  readonly to: readonly string[];
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly auth: { readonly user: string; readonly password: Secret } | undefined;
  readonly ca: string | undefined;
  readonly timeoutMs: number;
}

/** A connection for each mail: mails are rare, and servers close idle ones. */
async function send(alerts: readonly Alert[], server: Server): Promise<Outcome> {
  const { from, to, host, port, secure, auth, ca, timeoutMs } = server;
  const at = `smtp://${host}:${port}`;
  let password = '';
  try {
    password = auth?.password.read() ?? '';
    // A master without mail does not load it.
    const { createTransport } = await import('nodemailer');
    const transport = createTransport({
      host,
      port,
      secure,
      requireTLS: auth !== undefined && !isLoopback(host),
      ...(auth ? { auth: { user: auth.user, pass: password } } : {}),
      ...(ca === undefined ? {} : { tls: { ca: readFileSync(ca) } }),
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      dnsTimeout: timeoutMs,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    const { rejected } = await transport.sendMail({
      from,
      to: [...to],
      ...mailOf(alerts),
      headers: { 'Auto-Submitted': 'auto-generated' },
    });
    if (rejected.length === 0) return { kind: 'sent' };
    return {
      kind: 'refused',
      by: 'all',
      reason: `${at} took no mail for ${rejected.length} of ${to.length} receivers`,
    };
  } catch (error) {
    return mailFault(error, (text) => `${at} ${redacted(text, formsOf(auth?.user ?? '', password))}`);
  }
}

/** How a password goes over the wire by AUTH PLAIN and LOGIN: a server may repeat any of it. */
function formsOf(user: string, password: string): string[] {
  return [password, ...[password, `\0${user}\0${password}`].map((form) => Buffer.from(form).toString('base64'))];
}

/** RFC 5321: replies from 500 on are final, 4xx are not; without a reply the network failed. */
function mailFault(error: unknown, redact: (text: string) => string): Outcome {
  const reason = redact(messageOf(error));
  const code = error instanceof Error && 'responseCode' in error ? Number(error.responseCode) : 0;
  if (code < 500) return { kind: 'failed', reason, notBeforeMs: 0 };
  const inTheMail = error instanceof Error && 'command' in error && error.command === 'DATA';
  return { kind: 'refused', by: inTheMail ? 'one' : 'all', reason };
}

function authOf(options: OptionReader): Server['auth'] {
  const auth = options.raw('auth');
  if (auth === undefined) return undefined;
  if (typeof auth === 'object' && auth !== null && 'user' in auth && 'passwordFile' in auth) {
    const { user, passwordFile, ...rest } = auth;
    if (typeof user === 'string' && typeof passwordFile === 'string' && Object.keys(rest).length === 0)
      return { user, password: options.secretAt('auth.passwordFile', passwordFile) };
  }
  options.wrong('auth', 'must be {user, passwordFile}');
  return undefined;
}

export const email: ChannelKind<EmailOptions> = { compile };
