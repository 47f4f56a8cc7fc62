/** The setting `task-store`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readMasterSettings } from '../../../satellite-master/settings.ts';

function settingsWith(taskStore: unknown) {
  const folder = mkdtempSync(join(tmpdir(), 'satellite-settings-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'master.json');
  writeFileSync(file, JSON.stringify({ 'mesos-master-url': null, ...(taskStore ? { 'task-store': taskStore } : {}) }));
  return readMasterSettings(file);
}

const DAY_MS = 86_400_000;

test.each<[unknown, object]>([
  [undefined, { kind: 'embedded', keepMs: 7 * DAY_MS, maxBytes: 10_000_000_000 }],
  [
    { kind: 'embedded', keep: 3600, 'most-bytes': 5_000_000 },
    { kind: 'embedded', keepMs: 3_600_000, maxBytes: 5e6 },
  ],
  [
    { kind: 'redis', url: 'redis://r:6379/2' },
    { kind: 'redis', url: 'redis://r:6379/2', keepMs: 7 * DAY_MS },
  ],
  [
    { kind: 'redis', url: 'rediss://u:p@r', keep: '1day' },
    { kind: 'redis', url: 'rediss://u:p@r', keepMs: DAY_MS },
  ],
])('%j is well', (taskStore, compiled) => {
  const { taskStore: found, warnings } = settingsWith(taskStore);
  expect(found).toEqual(compiled);
  expect(warnings.filter((warning) => warning.includes('task-store'))).toEqual([]);
});

test.each<[unknown, RegExp]>([
  [{}, /task-store\.kind/],
  [{ kind: 'riak' }, /task-store\.kind: found "riak", expected one of "embedded", "redis"|task-store\.kind/],
  [{ kind: 'embedded', keep: 'long' }, /task-store\.keep: found "long", expected a duration/],
  [{ kind: 'embedded', keep: '1s' }, /task-store\.keep: found "1s", expected at least "1m"/],
  [{ kind: 'embedded', 'most-bytes': 1000 }, /task-store\.most-bytes: found 1000, expected a number of bytes/],
  [{ kind: 'embedded', url: 'redis://r' }, /task-store\.url: found a URL, expected no such key/],
  [{ kind: 'redis' }, /task-store\.url: found nothing, expected a URL/],
  [{ kind: 'redis', url: 'http://r:6379' }, /task-store\.url: found "http:\/\/r:6379", expected a URL such as/],
  [{ kind: 'redis', url: 'redis://r:x' }, /task-store\.url: found no URL/],
  [
    { kind: 'redis', url: 'redis://r', 'most-bytes': 5_000_000 },
    /task-store\.most-bytes: .* Redis has its own maxmemory/,
  ],
])('%j is said to be wrong', (taskStore, message) => {
  expect(() => settingsWith(taskStore)).toThrow(message);
});
