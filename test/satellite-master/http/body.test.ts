import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { ClientGone, readJson } from '../../../satellite-master/http/body.ts';
import { ByteBudget } from '../../../shared/byte-budget.ts';

const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };

function request(...parts: readonly string[]): IncomingMessage & PassThrough {
  const stream = Object.assign(new PassThrough(), { headers });
  for (const part of parts) stream.write(part);
  return stream as unknown as IncomingMessage & PassThrough;
}

test('bodies of all requests together are bounded, and what was read is given back', async () => {
  const budget = new ByteBudget(10);
  const first = request('{"a":');
  const firstRead = readJson(first, 100, budget);
  await new Promise((resolve) => setImmediate(resolve));
  const second = request('{"b":1}');
  second.end();
  await expect(readJson(second, 100, budget)).rejects.toMatchObject({ code: 'overloaded' });
  first.end('1}');
  expect(await firstRead).toEqual({ a: 1 });
  const third = request('{"c":"2"}');
  third.end();
  expect(await readJson(third, 100, budget)).toEqual({ c: '2' });
});

test('a body that breaks off is given back to the budget, and nobody is answered', async () => {
  const budget = new ByteBudget(10);
  const broken = request('{"a":');
  const read = readJson(broken, 100, budget);
  await new Promise((resolve) => setImmediate(resolve));
  broken.destroy();
  await expect(read).rejects.toBeInstanceOf(ClientGone);
  expect(budget.reserve(10)).toBe(true);
});

test('a body far beyond the limit is not read to its end', async () => {
  const endless = request('x'.repeat(50), 'x'.repeat(1000));
  await expect(readJson(endless, 100, new ByteBudget(1000))).rejects.toMatchObject({ code: 'too-large' });
});
