import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'satellite-slave-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A file with this content. @returns its path */
export function fileWith(content: string, name = 'file', mode = 0o644): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content, { mode });
  return path;
}

/** A settings file: the smallest that is valid, and `settings` over it. */
export function settingsFile(settings: object): string {
  return fileWith(JSON.stringify({ satellites: [{ host: 'master.example' }], comets: [], ...settings }), 'slave.json');
}
