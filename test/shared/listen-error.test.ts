import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { listenError } from '../../shared/listen-error.ts';

const settings = { hostSetting: 'service-host', portSetting: 'service-port' };

/** What a real server fails with, in our words. */
async function faultOf(host: string, port: number): Promise<string> {
  const server = createServer();
  const error: unknown = await new Promise((resolve) => {
    server.once('error', resolve);
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
  return listenError(error, { host, port, ...settings }).message;
}

test('a port that is taken', async () => {
  const server = createServer();
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  expect(await faultOf('127.0.0.1', port)).toBe(`port ${port} (\`service-port\`) is already in use`);
});

test('an address of another machine', async () => {
  expect(await faultOf('192.0.2.1', 0)).toBe('192.0.2.1 (`service-host`) is not an address of this machine');
});

test.each([
  ['EACCES', 'port 80 (`service-port`) is reserved for root (or for CAP_NET_BIND_SERVICE)'],
  ['ENOTFOUND', 'h (`service-host`) cannot be resolved to an address'],
  ['EMFILE', 'cannot listen on h:80 (`service-port`): EMFILE: x'],
])('%s', (code, message) => {
  const error = Object.assign(new Error('x'), { code });
  expect(listenError(error, { host: 'h', port: 80, ...settings }).message).toBe(message);
});
