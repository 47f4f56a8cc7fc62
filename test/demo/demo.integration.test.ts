/** The demo plays its scenario with real masters and slaves, and every act comes out as it should. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';

it('npm run demo -- --once', async () => {
  const words = ['--import', './test/support/typescript-hooks.mjs', 'demo/demo.ts', '--once'];
  const demo = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let told = '';
  for (const stream of [demo.stdout, demo.stderr])
    stream.on('data', (text: Buffer) => {
      told += text.toString();
    });
  const [code] = (await once(demo, 'close')) as [number | null];
  expect(told).toContain('every act came out as it should');
  expect(code).toBe(0);
  expect(told.match(/>>> /g)).toHaveLength(7);
}, 150_000);
