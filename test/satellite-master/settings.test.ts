/** What a master's settings mean together, and what of them is refused. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readMasterSettings } from '../../satellite-master/settings.ts';

function fileWith(settings: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'satellite-settings-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'master.json');
  writeFileSync(file, JSON.stringify({ 'mesos-master-url': null, ...settings }));
  return file;
}

const tokens = [{ name: 'ops', sha256: 'a'.repeat(64), may: ['write'] }];
const open = { host: '127.0.0.1', port: 5555 };

test.each<[string, object, object | undefined, object | undefined]>([
  ['open without tokens', {}, { ...open, named: false }, { ...open, named: false }],
  ['off with tokens', { tokens }, undefined, undefined],
  [
    'open with tokens where the settings name it, each for itself',
    { tokens, 'riemann-tcp-server-options': {} },
    { ...open, named: true },
    undefined,
  ],
  [
    'off where the settings say so',
    { tokens, 'riemann-tcp-server-options': null, 'riemann-udp-server-options': { port: 1 } },
    undefined,
    { ...open, port: 1, named: true },
  ],
])("Riemann's port is %s", (_, settings, tcp, udp) => {
  const { riemannTcp, riemannUdp } = readMasterSettings(fileWith(settings));
  expect(riemannTcp).toEqual(tcp);
  expect(riemannUdp).toEqual(udp);
});

test("that tokens turn Riemann's port off is a warning, until the settings name one of its keys", () => {
  const warned = (settings: object) =>
    readMasterSettings(fileWith(settings)).warnings.filter((warning) => warning.includes('riemann')).length;
  expect(warned({ tokens })).toBe(1);
  expect(warned({ tokens, 'riemann-tcp-server-options': null })).toBe(0);
  expect(warned({})).toBe(0);
});

test('"tls" is refused until it is built, but for null', () => {
  expect(() => readMasterSettings(fileWith({ tls: { cert: 'a', key: 'b' } }))).toThrow(/tls: found .*TLS is not built/);
  expect(() => readMasterSettings(fileWith({ tls: null }))).not.toThrow();
});

test('a chroot behind each server of "zookeeper" is refused with the right form', () => {
  expect(() => readMasterSettings(fileWith({ zookeeper: 'h1:2181/a,h2:2181/a' }))).toThrow(
    /zookeeper: found .*expected "h1:2181,h2:2181\/a"/,
  );
});
