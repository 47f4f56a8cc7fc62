/** The guard of the unit tests itself. */
import { execFile, spawnSync } from 'node:child_process';
import { test } from 'vitest';

test.fails('a unit test that starts a process fails', () => {
  execFile('true');
});

test.fails('it fails too where the error is caught', () => {
  try {
    spawnSync('true');
  } catch {
    // As code under test would.
  }
});
