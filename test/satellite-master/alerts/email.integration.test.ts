import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { AlertsHarness, START_S } from './support/harness.ts';
import { type Received, type SinkOptions, SmtpSink } from './support/smtp-sink.ts';

const CRITICAL = {
  host: 'a1.example',
  service: 'disk',
  state: 'critical',
  time: START_S,
  metric: 0.97,
  description: '97 % voll: /größe',
};
const MAIL = { from: 'satellite@example.com', to: ['ops@example.com', 'night@example.com'], host: '127.0.0.1' };

let harness: AlertsHarness;
let folder: string;
let sink: SmtpSink;

beforeEach(() => {
  harness = new AlertsHarness();
  folder = mkdtempSync(join(tmpdir(), 'satellite-smtp-'));
});

afterEach(async () => {
  await harness.dispose();
  await sink.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(options: SinkOptions = {}): Promise<SmtpSink> {
  sink = new SmtpSink({ ...options, folder });
  await sink.listen();
  return sink;
}

async function mails(count: number): Promise<readonly Received[]> {
  await until(() => sink.received.length >= count, { what: `${count} mails` });
  return sink.received;
}

function header(mail: Received | undefined, name: string): string | undefined {
  const [head = ''] = (mail?.raw ?? '').split('\r\n\r\n');
  return new RegExp(`^${name}: (.*?)\r?$`, 'm').exec(head)?.[1];
}

/** The text, as the transfer encoding has it. */
function textOf(mail: Received | undefined): string {
  const [head = '', ...rest] = (mail?.raw ?? '').split('\r\n\r\n');
  const body = rest.join('\n\n').replaceAll('\r\n', '\n');
  if (/quoted-printable/i.test(head)) {
    const bytes = body.replace(/=\n/g, '').replace(/=([0-9A-F]{2})/g, (_all, hex: string) => `%${hex}`);
    return decodeURIComponent(bytes.replace(/%(?![0-9A-F]{2})/g, '%25'));
  }
  return /base64/i.test(head) ? Buffer.from(body, 'base64').toString('utf8') : body;
}

describe('email', () => {
  it('sends trigger and resolve to all receivers, in one thread', async () => {
    await open();
    const email = harness.rules.functions.email({ ...MAIL, port: sink.port });
    email(CRITICAL);
    email(CRITICAL);
    await mails(1);
    await harness.tried('email', 'sent', 1);
    email({ ...CRITICAL, state: 'ok', time: START_S + 60 });
    const [first, second] = await mails(2);
    expect(first).toMatchObject({ from: 'satellite@example.com', to: MAIL.to });
    expect(header(first, 'Subject')).toBe('a1.example disk is critical');
    expect(header(second, 'Subject')).toBe('Resolved: a1.example disk is ok');
    expect(header(first, 'Auto-Submitted')).toBe('auto-generated');
    expect(header(first, 'References')).toMatch(/^<[0-9a-f]{32}@satellite.invalid>$/);
    expect(header(second, 'References')).toBe(header(first, 'References'));
    const text = textOf(first);
    for (const line of ['host: a1.example', 'state: critical', 'metric: 0.97', '97 % voll: /größe', 'T14:13:20.000Z'])
      expect(text).toContain(line);
  });

  it('puts all events of a rollup into one mail', async () => {
    await open();
    const email = harness.rules.functions.email({ ...MAIL, port: sink.port });
    email(['disk', 'swap', 'nfs'].map((service) => ({ ...CRITICAL, service })));
    const [only] = await mails(1);
    expect(header(only, 'Subject')).toBe('3 alerts: a1.example disk is critical');
    for (const service of ['disk', 'swap', 'nfs']) expect(textOf(only)).toContain(`a1.example ${service} is critical`);
    expect(sink.received).toHaveLength(1);
  });

  it('lets no event write headers', async () => {
    await open();
    const email = harness.rules.functions.email({ ...MAIL, port: sink.port });
    email({ ...CRITICAL, service: 'x\r\nBcc: evil@example.com\r\n\r\nbody' });
    const [only] = await mails(1);
    expect(only?.to).toEqual(MAIL.to);
    expect(header(only, 'Bcc')).toBeUndefined();
  });

  it.each(['starttls', 'implicit'] as const)('says who it is, under %s', async (tls) => {
    await open({ tls, login: ['satellite', 'mail-password'] });
    harness.rules.functions.email({
      ...MAIL,
      port: sink.port,
      secure: tls === 'implicit',
      auth: { user: 'satellite', passwordFile: harness.file('password', 'mail-password\n') },
      ca: sink.ca ?? '',
    })(CRITICAL);
    const [only] = await mails(1);
    expect(only).toMatchObject({ user: 'satellite', encrypted: true });
  });

  it('shows no password that is refused, and does not try it again', async () => {
    await open({ login: ['satellite', 'mail-password'] });
    const auth = { user: 'satellite', passwordFile: harness.file('password', 'wrong-password') };
    harness.rules.functions.email({ ...MAIL, port: sink.port, auth })(CRITICAL);
    await harness.tried('email', 'refused', 1);
    await harness.pass(60_000);
    const all = await harness.readable();
    expect(all).toContain('535 no such user or password [redacted]');
    expect(all).not.toContain('wrong-password');
    expect(harness.said('satellite/alerts/email')?.state).toBe('critical');
  });

  it('sends nothing to a server whose certificate nobody vouches for', async () => {
    await open({ tls: 'starttls' });
    harness.rules.functions.email({ ...MAIL, port: sink.port })(CRITICAL);
    await harness.tried('email', 'failed', 1);
    expect(await harness.readable()).toContain('self-signed certificate');
    expect(sink.received).toEqual([]);
  });

  it.each(['RCPT', 'DATA'] as const)('tries again after a 4xx to %s, and drops after a 5xx', async (at) => {
    await open();
    const email = harness.rules.functions.email({ ...MAIL, port: sink.port });
    sink.refuse = { at, code: 451 };
    email(CRITICAL);
    await harness.tried('email', 'failed', 1);
    sink.refuse = undefined;
    await harness.pass(1000);
    await mails(1);
    await harness.tried('email', 'sent', 1);
    sink.refuse = { at, code: 550 };
    email({ ...CRITICAL, service: 'swap' });
    await harness.tried('email', 'refused', 1);
    expect(await harness.count('satellite_alerts_dropped_total{channel="email",reason="refused"}')).toBe(1);
  });
});
