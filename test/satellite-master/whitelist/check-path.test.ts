/** What `--check` says of `local-whitelist-path`. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { faultOfForm, faultsOfPath } from '../../../satellite-master/whitelist/file/check-path.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'satellite-path-'));
});

afterEach(() => rm(folder, { recursive: true }));

test.each([
  ['file:///etc/mesos/whitelist', '"/etc/mesos/whitelist"'],
  ['file:/etc/mesos/white%20list', '"/etc/mesos/white list"'],
  ['zk://host:2181/whitelist', '"/etc/mesos/whitelist"'],
  ['/etc/mesos/', '"/etc/mesos/whitelist"'],
])('%s is no path of a file; the right form is named', (path, right) =>
  expect(faultOfForm(path)?.expected).toContain(right),
);

test.each(['/etc/mesos/whitelist', 'whitelist', 'file', './file:x'])('%s is a path', (path) =>
  expect(faultOfForm(path)).toBeUndefined(),
);

test('a file, or none yet, in a folder that is writable is right', async () => {
  expect(await faultsOfPath(join(folder, 'whitelist'))).toEqual([]);
  await writeFile(join(folder, 'whitelist'), '');
  expect(await faultsOfPath(join(folder, 'whitelist'))).toEqual([]);
});

test('a folder in its place, and a missing folder, are said', async () => {
  await mkdir(join(folder, 'whitelist'));
  expect(await faultsOfPath(join(folder, 'whitelist'))).toEqual([expect.stringContaining('a folder, expected a file')]);
  expect(await faultsOfPath(join(folder, 'missing', 'whitelist'))).toEqual([
    expect.stringMatching(/folder is not writable \(ENOENT/),
  ]);
});
