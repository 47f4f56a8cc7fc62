/** Set up before each unit test: a test that starts a process fails, also where the code under test catches the error. */
import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { afterEach } from 'vitest';

const started: string[] = [];

function refused(what: string) {
  return (...args: unknown[]): never => {
    const program = typeof args[0] === 'string' ? args[0] : JSON.stringify(args[0]);
    started.push(`${what} ${program}`);
    throw new Error(
      `a unit test must not start a process (${what} ${program}): name its file *.integration.test.ts, or move it to test/e2e`,
    );
  };
}

for (const name of ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'] as const)
  Object.assign(childProcess, { [name]: refused(name) });
syncBuiltinESMExports();

afterEach(() => {
  const found = started.splice(0);
  if (found.length > 0) throw new Error(`a unit test started ${found.length} processes, the first by ${found[0]}`);
});
