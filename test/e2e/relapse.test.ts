/** A host that relapses waits longer each time (docs/judgement.md, rule 12), and the next master knows it from the record (13). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type MasterProcess, startMaster } from '../support/satellite.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'satellite-relapse-'));
let master: MasterProcess;

afterAll(async () => {
  await master.kill();
  rmSync(folder, { recursive: true, force: true });
});

async function untilOn(host: string, on: boolean): Promise<void> {
  await until(async () => (await master.lines()).includes(host) === on, {
    timeoutMs: 15_000,
    what: `${host} ${on ? 'on' : 'off'}`,
  });
}

/** @returns why the host came back after it was well again */
async function relapse(): Promise<unknown> {
  await master.report('a1.example', 'critical');
  await untilOn('a1.example', false);
  await master.report('a1.example', 'ok');
  await untilOn('a1.example', true);
  const { json } = await master.api('GET', '/whitelist/host/a1.example/history');
  return (json as unknown as readonly { reason: string }[])[0]?.reason;
}

describe('a host that falls ill again and again', () => {
  it('waits twice as long each time, also under a master that was killed and started anew', async () => {
    master = await startMaster(join(folder, 'm'), { 'readmit-after': { first: '500ms', most: '3s' } });
    await master.report('a1.example', 'ok');
    await master.report('a2.example', 'ok');
    await untilOn('a1.example', true);
    await untilOn('a2.example', true);
    const reasons = [await relapse(), await relapse(), await relapse()];
    await master.kill();
    master.launch();
    await master.untilReady();
    await master.report('a2.example', 'ok');
    reasons.push(await relapse());
    expect(reasons).toEqual([
      expect.stringContaining('500ms of fitness without a break'),
      expect.stringContaining('1s of fitness without a break after 1 relapse'),
      expect.stringContaining('2s of fitness without a break after 2 relapses'),
      expect.stringContaining('3s of fitness without a break after 3 relapses'),
    ]);
  }, 40_000);
});
