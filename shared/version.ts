import { readFileSync } from 'node:fs';

/** The version in package.json, which is one folder above the sources and two above the built files. */
export const version: string = readVersion();

function readVersion(): string {
  for (const place of ['../package.json', '../../package.json']) {
    try {
      const parsed: unknown = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8'));
      if (parsed && typeof parsed === 'object' && 'version' in parsed) return String(parsed.version);
    } catch {
      // not there: the next place
    }
  }
  return 'unknown';
}
