/** A real master with settings that it can't keep. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

test.each([['--check'], []])('a setting whose part is not built ends it with 2, with %j', async (...words) => {
  const folder = mkdtempSync(join(tmpdir(), 'satellite-settings-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'master.json');
  writeFileSync(file, JSON.stringify({ 'mesos-master-url': null, tls: { cert: 'a', key: 'b' } }));
  const ended = await new Promise<{ readonly code: unknown; readonly stderr: string }>((resolve) => {
    const args = ['dist/satellite-master/main.js', '--config', file, ...words.filter(Boolean)];
    execFile(process.execPath, args, { timeout: 20_000 }, (error, _, stderr) => resolve({ code: error?.code, stderr }));
  });
  expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('TLS is not built') });
});
