import net from 'node:net';
import { expect, test } from 'vitest';
import { createHostCheck } from '../../../satellite-master/whitelist/operators/host-check.ts';
import { systemClock } from '../../../shared/clock.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';
import { freePort } from '../../support/free-port.ts';
import { hostName } from '../../support/http-master.ts';

const nothing = { dns: false, reachable: false, port: 5051, pattern: null };

test('nothing asked for, nothing refused', async () => {
  expect(await createHostCheck(nothing, systemClock)(hostName('no-such-host.invalid'))).toBeUndefined();
});

test('a name must resolve, an address need not', async () => {
  const check = createHostCheck({ ...nothing, dns: true }, systemClock);
  expect(await check(hostName('localhost'))).toBeUndefined();
  expect(await check(hostName('192.0.2.1'))).toBeUndefined();
  expect(await check(hostName('2001:db8::1'))).toBeUndefined();
  expect(await check(hostName('no-such-host.invalid'))).toMatch(/^its name does not resolve: .*(ENOTFOUND|EAI_AGAIN)/);
});

test('it must answer on the port', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise<void>((resolve) => server.once('listening', () => resolve()));
  const { port } = server.address() as net.AddressInfo;
  const host = hostName('127.0.0.1');
  expect(await createHostCheck({ ...nothing, reachable: true, port }, systemClock)(host)).toBeUndefined();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  const closed = createHostCheck({ ...nothing, reachable: true, port: await freePort() }, systemClock);
  expect(await closed(host)).toMatch(/^no connection to its port \d+: .*ECONNREFUSED/);
});

test('it must answer within 5 s', async () => {
  const clock = new ManualClock();
  // 192.0.2.0/24 is nobody's: either nothing comes back at all, or the network says so at once.
  const answer = createHostCheck({ ...nothing, reachable: true }, clock)(hostName('192.0.2.1'));
  clock.advance(5_000);
  expect(await answer).toMatch(/within 5000 ms|no connection to its port 5051/);
});

test('its name must match the pattern', async () => {
  const check = createHostCheck({ ...nothing, pattern: '^agent-\\d+\\.' }, systemClock);
  expect(await check(hostName('agent-7.example'))).toBeUndefined();
  expect(await check(hostName('db-7.example'))).toMatch('does not match host-check.pattern');
  expect(() => createHostCheck({ ...nothing, pattern: '(' }, systemClock)).toThrow(SyntaxError);
});
