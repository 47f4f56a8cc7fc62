import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { messageOf } from '../../shared/errors.ts';
import { HttpClient } from '../../shared/http-client.ts';
import { MesosClient } from '../../shared/mesos/index.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server that answers each request with exactly these bytes. @returns its origin */
async function serverThat(answer: (socket: Socket, nth: number) => void): Promise<string> {
  let requests = 0;
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => answer(socket, requests++));
    closing.push(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const UPGRADE = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}';

const ODD: readonly (readonly [string, (socket: Socket) => void, RegExp])[] = [
  ['101', (socket) => socket.write(UPGRADE), /answered 101/],
  ['101 and the end of the connection', (socket) => socket.end(UPGRADE), /answered 101/],
  ['the end of the connection', (socket) => socket.end(), /socket hang up|closed without an answer/],
  ['a reset', (socket) => socket.resetAndDestroy(), /ECONNRESET/],
  ['half a head', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-'), /socket hang up|ECONNRESET|closed/],
  ['half a body', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{'), /broke off|aborted/],
  ['no HTTP', (socket) => socket.end('SSH-2.0-OpenSSH\r\n'), /Parse Error/],
];

test.each(ODD)('an answer that is %s rejects, and the next request is sent', async (_what, answer, message) => {
  const origin = await serverThat((socket, nth) => (nth < 1 ? answer(socket) : socket.write(OK)));
  const client = new HttpClient(origin);
  closing.push(() => void client.close());
  const ask = () => client.send({ method: 'GET', path: '/', timeoutMs: 600_000, maxBytes: 100 });
  expect(messageOf(await ask().catch((error: unknown) => error))).toMatch(message);
  expect(await ask()).toMatchObject({ status: 200, body: '{}' });
});

test.each(ODD)('a Mesos that answers %s is asked again', async (_what, answer, message) => {
  const origin = await serverThat((socket, nth) => (nth < 1 ? answer(socket) : socket.write(OK)));
  const client = new MesosClient({ url: origin, role: 'agent' });
  closing.push(() => void client.close());
  const fault: unknown = await client.metrics().catch((error: unknown) => error);
  expect(fault).toMatchObject({ fault: 'unreachable' });
  expect(messageOf(fault)).toMatch(message);
  expect(await client.metrics()).toEqual({});
});

test('a time-out says after how long, and nothing of an abort', async () => {
  const origin = await serverThat(() => undefined);
  const client = new HttpClient(origin);
  closing.push(() => void client.close());
  const fault: unknown = await client
    .send({ method: 'GET', path: '/', timeoutMs: 60, maxBytes: 100 })
    .catch((error: unknown) => error);
  expect(messageOf(fault)).toBe('no answer within 60ms');
});

test('a time-out within the body says the same', async () => {
  const origin = await serverThat((socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{'));
  const client = new HttpClient(origin);
  closing.push(() => void client.close());
  const fault: unknown = await client
    .send({ method: 'GET', path: '/', timeoutMs: 60, maxBytes: 100 })
    .catch((error: unknown) => error);
  expect(messageOf(fault)).toBe('no answer within 60ms');
});
