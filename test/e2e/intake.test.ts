/** A real master that is sent what no well-behaved client sends: nothing of it may cost the rest of a report. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeMessage } from '../../shared/riemann/encode.ts';
import type { RiemannEvent } from '../../shared/riemann/message.ts';
import { freePort } from '../support/free-port.ts';
import { RiemannClient } from '../support/riemann.ts';
import { MasterProcess, startMaster } from '../support/satellite.ts';
import { until } from '../support/until.ts';

let folder: string;
let port: number;
let master: MasterProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'satellite-intake-'));
  port = await freePort();
  master = await startMaster(join(folder, 'master'), {
    'riemann-tcp-server-options': { port },
    'riemann-udp-server-options': { port },
  });
});
afterAll(async () => {
  await master.stop();
  await rm(folder, { recursive: true, force: true });
});

async function eventsOf(host: string): Promise<readonly Record<string, unknown>[]> {
  const { json } = await master.api('GET', `/events?host=${host}`);
  return json['events'] as readonly Record<string, unknown>[];
}

async function sendDatagram(events: readonly RiemannEvent[]): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise((resolve) => socket.send(encodeMessage({ events }), port, '127.0.0.1', resolve));
  socket.close();
}

async function sendOverTcp(events: readonly RiemannEvent[]): Promise<boolean | undefined> {
  const client = await RiemannClient.connect(port);
  try {
    return (await client.ask({ events })).ok;
  } finally {
    client.close();
  }
}

describe('names that every JavaScript object has', () => {
  const names = [...Object.getOwnPropertyNames(Object.prototype), 'prototype', 'length', 'name'].sort();
  const events = names.map((service) => ({ service, state: 'ok', metric: 1, ttl: 600 }));

  test('are names of services like any other, over HTTP, TCP and UDP', async () => {
    const answer = await master.api('POST', '/reports', { host: 'n1', events });
    expect(answer).toMatchObject({ status: 202, json: { accepted: names.length, rejected: [] } });
    expect(await sendOverTcp(events.map((event) => ({ ...event, host: 'n2' })))).toBe(true);
    await sendDatagram(events.map((event) => ({ ...event, host: 'n3' })));
    await until(async () => (await eventsOf('n3')).length > 0, { what: 'the datagram' });
    for (const host of ['n1', 'n2', 'n3']) expect((await eventsOf(host)).map(({ service }) => service)).toEqual(names);
  });

  test('are names of hosts, tests, attributes and manual events', async () => {
    const tests = names.map((name) => ({ service: `mesos/slave/${name}`, state: 'critical', metric: 1, [name]: 'x' }));
    // `host`-like keys aside, an attribute may have any of these names but one that Satellite refuses.
    const sent = tests.filter((_, at) => names[at] !== '__proto__');
    expect(await master.api('POST', '/reports', { host: 'constructor', events: sent })).toMatchObject({
      status: 202,
      json: { accepted: sent.length },
    });
    await until(async () => (await master.api('GET', '/whitelist/host/constructor')).status === 200, {
      what: 'the record of the host',
    });
    for (const id of names.map(encodeURIComponent)) {
      const put = await master.api('PUT', `/whitelist/host/__proto__/event/${id}`, { state: 'critical' });
      expect([200, 201]).toContain(put.status);
    }
    const record = await master.api('GET', '/whitelist/host/__proto__');
    expect(Object.keys(record.json['manual-events'] as object).sort()).toEqual(names);
    const listed = await master.api('GET', '/whitelist/all');
    expect(Object.keys(listed.json)).toEqual(expect.arrayContaining(['__proto__', 'constructor']));
    for (const id of names.map(encodeURIComponent))
      expect((await master.api('DELETE', `/whitelist/host/__proto__/event/${id}`)).status).toBe(200);
    for (const path of ['metrics/history?name=constructor', 'tasks/constructor', 'whitelist/host/valueOf'])
      expect((await master.api('GET', `/${path}`)).status).toBeLessThan(500);
  });
});

test('a host that nobody knows is put off, with a warning that names the one that was probably meant', async () => {
  await master.report('web1.example', 'ok', { ttl: 600 });
  await until(async () => (await master.api('GET', '/whitelist/host/web1.example')).status === 200, {
    what: 'the host to be in the inventory',
  });
  const off = await master.api('PUT', '/whitelist/host/web11.example/off');
  expect(off).toMatchObject({
    status: 201,
    json: { warnings: ['web11.example was neither in the inventory nor reported; did you mean web1.example?'] },
  });
  expect((await master.api('PUT', '/whitelist/host/web1.example/off')).json).not.toHaveProperty('warnings');
  await master.api('DELETE', '/whitelist/host/web11.example');
});

describe('more than there is room for', () => {
  const services = (count: number, name = 'collectd') =>
    Array.from({ length: count }, (_, n) => ({ service: `${name} ${n}`, state: 'ok', metric: n, ttl: 600 }));
  const disk = { service: 'mesos/slave/disk', state: 'critical', ttl: 600 };

  test('256 services of one host leave its tests their room; what is not kept is rejected, and shown', async () => {
    const first = await master.api('POST', '/reports', { host: 'full1', events: services(300) });
    expect(first).toMatchObject({ status: 202, json: { accepted: 256 } });
    expect(first.json['rejected']).toHaveLength(44);
    expect(first.json['rejected']).toContainEqual({
      index: 256,
      reason: 'the host has 256 services already, the most that "services-per-host" allows',
    });
    const second = await master.api('POST', '/reports', {
      host: 'full1',
      events: [{ service: '' }, ...services(257), disk],
    });
    expect(second.json).toMatchObject({ accepted: 257, rejected: [{ index: 0 }, { index: 257 }] });
    expect(await eventsOf('full1')).toContainEqual(
      expect.objectContaining({ service: 'mesos/slave/disk', state: 'critical' }),
    );
    const ready = await master.api('GET', '/readyz');
    expect(ready.json).toMatchObject({ index: expect.stringMatching(/^services-full: 45 /) });
    const none = await master.api('POST', '/reports', { host: 'full1', events: services(2, 'other') });
    expect(none).toMatchObject({ status: 503, json: { code: 'overloaded', rejected: [{ index: 0 }, { index: 1 }] } });
  });

  test('over Riemann a message is refused where there is no room for any of its events', async () => {
    const events = services(257).map((event) => ({ ...event, host: 'full2' }));
    expect(await sendOverTcp(events)).toBe(true);
    expect(await sendOverTcp(events.slice(256))).toBe(false);
    expect(await sendOverTcp(events.slice(255))).toBe(true);
    expect(await sendOverTcp([{ ...disk, host: 'full2' }])).toBe(true);
    expect((await eventsOf('full2')).map(({ service }) => service)).toContain('mesos/slave/disk');
  });
});

describe('with a heap of 96 MB', () => {
  test('new keys are rejected before the memory is used up; known ones, the whitelist and health go on', async () => {
    const small = new MasterProcess(join(folder, 'small'), await freePort(), {});
    small.launch(['--max-old-space-size=96']);
    await small.untilReady();
    try {
      const report = (host: number, state = 'ok') =>
        small.api('POST', '/reports', {
          host: `h${host}.example`,
          events: Array.from({ length: 10 }, (_, n) => ({
            service: `mesos/slave/test number ${n}`,
            state,
            ttl: 3_600,
            description: 'nothing unusual was found by this check of the machine',
          })),
        });
      let refused = 0;
      const hosts = 16_000;
      for (let from = 0; from < hosts && refused < 500; from += 20) {
        const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => report(from + n)));
        for (const { status } of answers) {
          expect([202, 503]).toContain(status);
          if (status === 503) refused++;
        }
      }
      expect(refused).toBeGreaterThan(0);
      for (let host = 0; host < 100; host++)
        expect((await report(host, 'critical')).json).toMatchObject({ accepted: 10 });
      expect((await small.api('GET', '/healthz')).status).toBe(200);
      expect((await small.api('PUT', '/whitelist/host/h1.example/off')).status).toBe(200);
      expect((await small.api('GET', '/whitelist/all')).status).toBe(200);
      expect((await small.api('GET', '/readyz')).json).toMatchObject({
        index: expect.stringMatching(/^memory-full: /),
      });
      expect(small.running).toBe(true);
    } finally {
      await small.kill();
    }
  }, 180_000);
});

describe('requests without end, of which no answer is read', () => {
  const residentBytes = () => Number(readFileSync(`/proc/${master.pid}/statm`, 'utf8').split(' ')[1]) * 4096;

  async function flood(connections: number, path: string, requests: number): Promise<Socket[]> {
    const bytes = `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`.repeat(requests);
    return Promise.all(
      Array.from({ length: connections }, async () => {
        const socket = connect({ port: Number(new URL(master.url).port), host: '127.0.0.1' });
        socket.on('error', () => undefined);
        await once(socket, 'connect');
        socket.pause();
        socket.write(bytes);
        return socket;
      }),
    );
  }

  test('take a bounded share of memory, and cost nobody else the answer', async () => {
    const before = residentBytes();
    const sockets = [...(await flood(20, '/readyz', 20_000)), ...(await flood(20, '/metrics', 5_000))];
    try {
      const cut = async () => {
        const { body } = await master.api('GET', '/metrics');
        return Number(/^satellite_http_cut_total\{reason="pipelining"\} (\d+)/m.exec(body)?.[1] ?? 0);
      };
      await until(async () => (await cut()) === sockets.length, { what: 'the connections to be cut off' });
      expect(residentBytes() - before).toBeLessThan(350e6);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });

  test('a few requests behind each other are answered in their order', async () => {
    const [socket] = await flood(1, '/version', 0);
    if (!socket) throw new Error('no connection');
    let answer = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      answer += part;
    });
    const paths = Array.from({ length: 60 }, (_, n) => (n % 2 === 0 ? '/whitelist/host/none.example' : '/version'));
    socket.resume();
    socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`).join(''));
    const statuses = () => [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
    await until(() => statuses().length === 60, { what: 'all answers' });
    expect(statuses()).toEqual(paths.map((path) => (path === '/version' ? 200 : 404)));
    socket.destroy();
  });
});
