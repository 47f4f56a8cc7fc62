/** A real master with settings that it can't keep. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const faults: readonly [string, object, string][] = [
  ['a setting whose part is not built', { tls: { cert: 'a', key: 'b' } }, 'TLS is not built'],
  ['a chroot behind each server', { zookeeper: 'h1:2181/a,h2:2181/a' }, 'expected "h1:2181,h2:2181/a"'],
];

test.each(
  faults.flatMap(([what, settings, message]) => [['--check'], []].map((words) => ({ what, settings, message, words }))),
)('$what ends it with 2, with $words', async ({ settings, message, words }) => {
  const folder = mkdtempSync(join(tmpdir(), 'satellite-settings-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'master.json');
  writeFileSync(file, JSON.stringify({ 'mesos-master-url': null, ...settings }));
  const ended = await new Promise<{ readonly code: unknown; readonly stderr: string }>((resolve) => {
    const args = ['dist/satellite-master/main.js', '--config', file, ...words];
    execFile(process.execPath, args, { timeout: 20_000 }, (error, _, stderr) => resolve({ code: error?.code, stderr }));
  });
  expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
});

test('--check says what is wrong with the whitelist path and the data-dir beside faults of other settings', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'satellite-settings-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'master.json');
  const path = join(folder, 'missing', 'whitelist');
  const paths = { 'local-whitelist-path': path, 'data-dir': join(file, 'data'), streams: '/missing.ts' };
  writeFileSync(file, JSON.stringify({ 'managed-off-limit': 7, ...paths }));
  const stderr = await new Promise<string>((resolve) => {
    const args = ['dist/satellite-master/main.js', '--config', file, '--check'];
    execFile(process.execPath, args, { timeout: 20_000 }, (_, __, text) => resolve(text));
  });
  for (const part of ['managed-off-limit: found 7', 'folder is not writable', 'is no folder', '/missing.ts'])
    expect(stderr).toContain(part);
});
