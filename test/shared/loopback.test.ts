import { expect, test } from 'vitest';
import { isLoopback } from '../../shared/loopback.ts';

const CASES: readonly (readonly [string, boolean])[] = [
  ['127.0.0.1', true],
  ['127.255.0.9', true],
  ['127.0.0.1.', true],
  ['::1', true],
  ['[::1]', true],
  ['0:0:0:0:0:0:0:1', true],
  ['::ffff:127.0.0.1', true],
  ['::FFFF:127.0.0.1', true],
  ['[::ffff:7f00:1]', true],
  ['localhost', true],
  ['Localhost.', true],
  ['a.localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['::2', false],
  ['10.0.0.1', false],
  ['::ffff:10.0.0.1', false],
  ['127.evil.example', false],
  ['127.0.0.1.evil.example', false],
  ['localhost.evil.example', false],
  ['alocalhost', false],
  ['127.1', false],
  ['example', false],
  ['', false],
];

test.each(CASES)('%j is loopback: %s', (host, answer) => {
  expect(isLoopback(host)).toBe(answer);
});
