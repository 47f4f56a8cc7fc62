/** How a real satellite-master ends: the port first, one deadline for all parts, and a name for what was cut off. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { startMesos } from '../../demo/simulator/mesos.ts';
import { freePort } from '../support/free-port.ts';
import { startMaster } from '../support/satellite.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'satellite-shutdown-'));
const closing: (() => unknown)[] = [];

afterAll(async () => {
  for (const close of closing) await close();
  rmSync(folder, { recursive: true, force: true });
});

async function handOn(url: string, sent: RequestInit, response: ServerResponse): Promise<void> {
  const answer = await fetch(url, { ...sent, redirect: 'manual' });
  const location = answer.headers.get('location');
  response.writeHead(answer.status, {
    'content-type': answer.headers.get('content-type') ?? 'application/json',
    ...(location === null ? {} : { location }),
  });
  for await (const chunk of answer.body ?? []) response.write(chunk);
  response.end();
}

/** Hands requests on, and leaves those that `hangs` names without an answer. */
async function proxy(target: string, hangs: (body: string) => boolean): Promise<string> {
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      if (hangs(body.toString())) return;
      const type = request.headers['content-type'];
      const sent = {
        method: request.method ?? 'GET',
        headers: { accept: request.headers.accept ?? '*/*', ...(type === undefined ? {} : { 'content-type': type }) },
        ...(request.method === 'POST' ? { body } : {}),
      };
      void handOn(`${target}${request.url}`, sent, response).catch(() => response.destroy());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('SIGTERM while Mesos hangs on DEACTIVATE_AGENT: the port closes first, and the end names the part with exit code 1', async () => {
  const mesos = await startMesos({ agents: 3, nameOf: (index) => `a${index + 1}.example` });
  closing.push(() => mesos.close());
  let asked = false;
  const url = await proxy(mesos.masters[0]?.url ?? '', (body) => {
    if (!body.includes('DEACTIVATE_AGENT')) return false;
    asked = true;
    return true;
  });
  const master = await startMaster(join(folder, 'hanging'), {
    'mesos-master-url': url,
    'sleep-time': '1s',
    'off-action': 'deactivate',
  });
  closing.push(() => master.kill());
  await until(() => master.leads(), { what: 'the master to lead' });
  for (const host of ['a1.example', 'a2.example', 'a3.example']) await master.report(host, 'ok');
  await until(async () => (await master.lines()).length === 3, { what: 'all on the list' });
  await master.report('a1.example', 'critical');
  await until(() => asked, { what: 'Mesos to be asked' });

  const ended = master.stop();
  const refused = () =>
    fetch(`${master.url}/healthz`).then(
      () => false,
      () => true,
    );
  await until(refused, { what: 'the port to be closed' });
  expect(master.running).toBe(true);
  expect(await ended).toBe(1);
  const last = master.log.map((line) => JSON.parse(line) as { msg: string; parts?: string[] }).at(-1);
  expect(last).toMatchObject({ msg: 'stopped; some parts were cut off', parts: ['mesos-deactivation'] });
}, 60_000);

test('SIGTERM before the modules of the master are loaded ends with 0', async () => {
  const config = join(folder, 'early.json');
  const settings = {
    'mesos-master-url': null,
    'service-port': await freePort(),
    'data-dir': join(folder, 'early'),
    'local-whitelist-path': join(folder, 'early-whitelist'),
    'riemann-tcp-server-options': null,
    'riemann-udp-server-options': null,
  };
  writeFileSync(config, JSON.stringify(settings));
  // The entry file imports the same module first; here its moment is told, before anything else is loaded.
  const early = ['--import', './dist/shared/early-signal.js', '--import', 'data:text/javascript,console.log("early")'];
  const child = spawn(process.execPath, [...early, 'dist/satellite-master/main.js', '--config', config], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  closing.push(() => child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
}, 30_000);
