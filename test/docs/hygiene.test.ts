/** CONTRIBUTING.md, "How tests are written": what can be read off the tests themselves. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfigureGlobal } from 'fast-check';
import { expect, test } from 'vitest';
import config from '../../vitest.config.ts';

const tests = readdirSync('test', { encoding: 'utf8', recursive: true })
  .filter((name) => name.endsWith('.ts') && name !== 'docs/hygiene.test.ts')
  .map((name) => join('test', name));

function filesWith(pattern: RegExp): string[] {
  return tests.filter((path) => pattern.test(readFileSync(path, 'utf8')));
}

test('no test asserts how long something took', () => {
  // until() gives up after a time; that is no assertion.
  expect(filesWith(/performance\.now\(\)/)).toEqual(['test/support/until.ts']);
});

test('no test has random input without a seed', () => {
  expect(readConfigureGlobal()?.seed).toEqual(expect.any(Number));
  expect(filesWith(/Math\.random|randomInt\(|randomBytes\(/)).toEqual([]);
});

test('no test is retried', () => {
  expect(config).toMatchObject({ test: { retry: 0 } });
  expect(filesWith(/retry:\s*[1-9]/)).toEqual([]);
});
