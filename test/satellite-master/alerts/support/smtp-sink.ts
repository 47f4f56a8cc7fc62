/**
 * A real SMTP server that keeps what it is sent: smtp-server, of nodemailer's authors, in the test's own process, so
 * that it can be told to refuse. Debian's servers would want root, users and a spool, and refuse nothing on demand.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';

export interface Received {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and text as they came. */
  readonly raw: string;
  readonly user: string | undefined;
  readonly encrypted: boolean;
}

export interface SinkOptions {
  /** With a certificate made here it offers STARTTLS; `implicit`: TLS from the first byte on. */
  readonly tls?: 'starttls' | 'implicit';
  readonly folder?: string;
  /** Name and password that it takes; without, nobody need say who they are. */
  readonly login?: readonly [string, string];
}

export class SmtpSink {
  readonly received: Received[] = [];
  /** A reply such as 451 or 550 to each mail; undefined: it is taken. */
  refuse: { readonly at: 'RCPT' | 'DATA'; readonly code: number } | undefined;
  /** Reads of a certificate for `localhost`. */
  readonly ca: string | undefined;
  readonly #server: SMTPServer;

  constructor({ tls, folder = '', login }: SinkOptions = {}) {
    const certificate = tls && makeCertificate(folder);
    this.ca = certificate?.certPath;
    this.#server = new SMTPServer({
      ...(certificate ? { key: certificate.key, cert: certificate.cert } : {}),
      secure: tls === 'implicit',
      disabledCommands: [...(login ? [] : ['AUTH']), ...(tls ? [] : ['STARTTLS'])],
      allowInsecureAuth: true,
      authOptional: login === undefined,
      onAuth: ({ username, password }, _session, done) => {
        const known = username === login?.[0] && password === login?.[1];
        if (known) done(null, { user: username });
        else done(Object.assign(new Error(`no such user or password ${password}`), { responseCode: 535 }));
      },
      onRcptTo: (_address, _session, done) => done(this.#refusal('RCPT')),
      onData: (stream, session, done) => {
        const parts: Buffer[] = [];
        stream.on('data', (part: Buffer) => parts.push(part));
        stream.on('end', () => {
          const refusal = this.#refusal('DATA');
          if (!refusal) {
            const { mailFrom, rcptTo } = session.envelope;
            this.received.push({
              from: mailFrom ? mailFrom.address : '',
              to: rcptTo.map(({ address }) => address),
              raw: Buffer.concat(parts).toString('utf8'),
              user: session.user,
              encrypted: session.secure,
            });
          }
          done(refusal);
        });
      },
    });
    // A client that hangs up is no fault of the test.
    this.#server.on('error', () => undefined);
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get port(): number {
    return (this.#server.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(resolve));
  }

  #refusal(at: 'RCPT' | 'DATA'): Error | null {
    if (this.refuse?.at !== at) return null;
    return Object.assign(new Error('not now'), { responseCode: this.refuse.code });
  }
}

function makeCertificate(folder: string) {
  const [keyPath, certPath] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const words = `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1`;
  execFileSync('openssl', [...words.split(' '), '-keyout', keyPath, '-out', certPath], { stdio: 'ignore' });
  return { key: readFileSync(keyPath), cert: readFileSync(certPath), certPath };
}
