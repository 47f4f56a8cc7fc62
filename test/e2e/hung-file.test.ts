/**
 * The whitelist file on a file system that never answers: a FUSE mount whose daemon does not exist. Needs the right to
 * mount; where that is missing, the test says so in its name (whitelist-file.test.ts has the same with a simulated disk).
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { MasterProcess } from '../support/satellite.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'satellite-hung-'));
const mountPoint = join(folder, 'mount');
mkdirSync(mountPoint);
/** Keeps the mount for as long as it lives: without the open device the calls would fail instead of hang. */
const MOUNT = `exec 9<>/dev/fuse || exit 1
mount -t fuse -o fd=9,rootmode=40000,user_id=0,group_id=0 none "$0" || exit 1
echo mounted; read -r _`;

const mayMount =
  process.getuid?.() === 0 &&
  spawnSync('bash', ['-c', `${MOUNT} </dev/null`, mountPoint], { encoding: 'utf8' }).stdout.includes('mounted');
spawnSync('umount', ['-l', mountPoint]);

let mount: ChildProcess | undefined;
let master: MasterProcess | undefined;

beforeAll(async () => {
  if (!mayMount) return;
  mount = spawn('bash', ['-c', MOUNT, mountPoint], { stdio: ['pipe', 'pipe', 'ignore'] });
  const lines: string[] = [];
  if (mount.stdout) createInterface(mount.stdout).on('line', (line) => lines.push(line));
  await until(() => lines.includes('mounted'), { what: 'the mount' });
});

afterAll(async () => {
  await master?.kill();
  spawnSync('umount', ['-l', mountPoint]);
  mount?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

it.skipIf(!mayMount)(
  'a file system that hangs is said, and does not keep the process from ending (needs root)',
  async () => {
    master = new MasterProcess(join(folder, 'm'), await freePort(), {
      'local-whitelist-path': join(mountPoint, 'whitelist'),
    });
    master.launch();
    const running = master;
    const file = async () => String((await running.api('GET', '/readyz').catch(() => undefined))?.json['file']);
    await until(async () => (await file()).startsWith('failed'), { what: 'the file to have failed' });
    expect(await file()).toBe('failed: not answering for more than 5s');
    expect((await running.api('GET', '/whitelist/on')).status).toBe(200);

    await running.stop();
    expect(running.running).toBe(false);
    const last = JSON.parse(running.log.at(-1) ?? '') as Record<string, unknown>;
    expect(last).toMatchObject({ calls: ['whitelist-file'], msg: 'a system call does not return, ending by SIGKILL' });
  },
  60_000,
);

it.skipIf(!mayMount)(
  'a data-dir that hangs: the port answers, what is missing is said, and it ends (needs root)',
  async () => {
    await master?.kill();
    master = new MasterProcess(join(folder, 'd'), await freePort(), { 'data-dir': join(mountPoint, 'data') });
    master.launch();
    const running = master;
    const store = async () => String((await running.api('GET', '/readyz').catch(() => undefined))?.json['store']);
    await until(async () => (await store()).includes('not answering'), { what: 'the store to say so' });
    expect(await store()).toMatch(/^unread: .*store is not answering for more than 5s$/);
    await running.stop();
    expect(running.log.at(-1)).toContain('a system call does not return, ending by SIGKILL');
  },
  60_000,
);
