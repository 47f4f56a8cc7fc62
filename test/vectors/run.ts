/**
 * `npm run vectors -- DIR`: what the real Riemann and Satellite gave, file by file, against ours.
 * Prints `NAME passed/total` and, where ours differs on purpose, how often and the line that says so. Ends with 1
 * where anything else differs, or is of a kind or a form that is not known here.
 */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { runCase } from './kinds.ts';
import { readVectorFile } from './vector-file.ts';

export interface FileReport {
  readonly name: string;
  readonly total: number;
  readonly passed: number;
  /** How many cases differ on purpose, by the line that says so. */
  readonly onPurpose: ReadonlyMap<string, number>;
  readonly problems: readonly string[];
}

export async function reportOn(path: string): Promise<FileReport> {
  const name = basename(path, '.json');
  const onPurpose = new Map<string, number>();
  const problems: string[] = [];
  let passed = 0;
  let total = 0;
  try {
    const file = readVectorFile(path);
    for (const [at, vector] of file.cases.entries()) {
      total++;
      const outcome = await runCase(file, vector);
      if (outcome.kind === 'same') passed++;
      else if (outcome.kind === 'on purpose') onPurpose.set(outcome.line, (onPurpose.get(outcome.line) ?? 0) + 1);
      else problems.push(`${String(vector['name'] ?? vector['query'] ?? `case ${at}`)}: ${outcome.problem}`);
    }
  } catch (error) {
    problems.push(`not readable: ${String(error)}`);
  }
  return { name, total, passed, onPurpose, problems };
}

export function vectorFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(folder, name));
}

export function lines({ name, total, passed, onPurpose, problems }: FileReport): string[] {
  return [
    `${name} ${passed}/${total}`,
    ...[...onPurpose].map(([line, count]) => `  on purpose ${count}: ${line}`),
    ...problems.map((problem) => `  DIFFERS ${problem}`),
  ];
}
