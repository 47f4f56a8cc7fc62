import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { freemem, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Commands } from '../../../satellite-slave/comets/commands.ts';
import { FileSystemCalls } from '../../../satellite-slave/comets/file-system-calls.ts';
import { Machine } from '../../../satellite-slave/comets/machine.ts';
import { RECIPES } from '../../../satellite-slave/comets/recipes.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';
import { runComet } from '../support/run-comet.ts';
import { fileWith, temporaryFolder } from '../support/settings-file.ts';

function comet(name: string, params: object, timeoutMs = 10_000) {
  const recipe = RECIPES.get(name);
  if (!recipe) throw new Error(`no recipe ${name}`);
  return { name, periodMs: 60_000, timeoutMs, comet: recipe.make(params) };
}

describe('this very machine', () => {
  const machine = new Machine();

  test('its memory as the kernel counts it', () => {
    const { availableMb, swapTotalMb, swapFreeMb } = machine.memory();
    expect(Math.abs(availableMb - freemem() / 1024 ** 2)).toBeLessThan(1024);
    expect(swapFreeMb).toBeLessThanOrEqual(swapTotalMb);
  });

  test('its load', () => {
    expect(machine.loadAverage()).toBeCloseTo(loadavg()[2] ?? Number.NaN, 0);
  });

  test('its processes: none of a few thousand hangs for long', async () => {
    expect(await machine.uninterruptibleProcesses()).toBeLessThan(1000);
  });

  test('its disks, as df reports them', async () => {
    const df = execFileSync('df', ['--output=pcent', '/'], { encoding: 'utf8' });
    const percent = Number(/(\d+)%/.exec(df)?.[1]);
    expect(Math.abs((await machine.percentageUsed('/')) - percent)).toBeLessThanOrEqual(1);
  });

  test.each([
    [{ blocks: 1000, bfree: 995, bavail: 995 }, 1],
    [{ blocks: 1000, bfree: 200, bavail: 100 }, 89],
    [{ blocks: 1000, bfree: 50, bavail: 0 }, 100],
    [{ blocks: 1000, bfree: 1000, bavail: 950 }, 0],
  ])('%j is rounded up and leaves out what root alone may use: %i', async (size, percent) => {
    expect(await new Machine({ statfs: async () => size }).percentageUsed('/')).toBe(percent);
  });

  test('files, folders and what is not there', async () => {
    const folder = temporaryFolder();
    expect(await machine.exists(folder)).toBe(true);
    expect(await machine.exists(join(folder, 'nothing'))).toBe(false);
    expect(await machine.exists(join(fileWith('x'), 'below a file'))).toBe(false);
  });
});

describe('what the machine does not give', () => {
  test('a missing path is critical, with the path', async () => {
    const [event] = await runComet(comet('percentage-used', { path: '/no/such/path', threshold: 90 }));
    expect(event).toMatchObject({ service: 'percentage used of /no/such/path', state: 'critical', ttl: 300 });
    expect(event?.description).toMatch(/no such file.*\/no\/such\/path/);
  });

  test('a file system without blocks is critical', async () => {
    const [event] = await runComet(comet('percentage-used', { path: '/proc', threshold: 90 }));
    expect(event?.description).toBe('the file system of /proc has no blocks to count');
  });

  test.each(['free-memory', 'load-average', 'num-uninterruptable-processes'])(
    'an unreadable /proc: %s is critical',
    async (name) => {
      const proc = temporaryFolder();
      rmSync(proc, { recursive: true });
      const [event] = await runComet(comet(name, { threshold: 1 }), { machine: new Machine({ proc }) });
      expect(event?.state).toBe('critical');
      expect(event?.description).toContain(proc);
    },
  );

  test('df that fails is critical with its words', async () => {
    const df = fileWith('#!/bin/sh\necho "df: /mnt: Stale file handle" >&2\nexit 1\n', 'df', 0o755);
    const [event] = await runComet(comet('df-returns', {}), {
      commands: new Commands({ environment: () => ({ PATH: dirname(df) }) }),
    });
    expect(event).toMatchObject({
      service: 'df returns in timely fashion',
      metric: 1,
      state: 'critical',
      description: 'df exited with 1: df: /mnt: Stale file handle',
    });
  });

  test('df that does not return is critical in its own time', async () => {
    const df = fileWith('#!/bin/sh\nexec /bin/sleep 300\n', 'df', 0o755);
    const late = comet('df-returns', { timeout: '100ms' });
    const [event] = await runComet(
      { ...late, timeoutMs: late.comet.timeoutMs ?? 0 },
      { commands: new Commands({ environment: () => ({ PATH: dirname(df) }) }) },
    );
    expect(event).toMatchObject({ service: 'df returns in timely fashion', description: 'timed out after 100ms' });
  });
});

describe('file systems that hang', () => {
  const hung = () => new Promise<never>(() => undefined);

  test('a comet is critical when its timeout is over, and again while the call hangs', async () => {
    const [event] = await runComet(comet('percentage-used', { path: '/hung', threshold: 90 }, 30), {
      machine: new Machine({ statfs: hung }),
    });
    expect(event).toMatchObject({
      service: 'percentage used of /hung',
      state: 'critical',
      description: 'timed out after 30ms',
    });
  });

  test('two may hang; a third is not begun, and is unknown rather than blamed', async () => {
    const clock = new ManualClock();
    const calls = new FileSystemCalls(clock);
    void calls.call('statfs /a', hung);
    void calls.call('statfs /b', hung);
    let begun = false;
    const third = calls.call('statfs /healthy', async () => {
      begun = true;
    });
    clock.advance(1_000);
    await expect(third).rejects.toThrow('not checked, because statfs /a and statfs /b hangs');
    await expect(third).rejects.toMatchObject({ name: 'UnknownStateError' });
    expect(begun).toBe(false);
  });

  test('a fourth does not wait once more for those that are known to hang', async () => {
    const clock = new ManualClock();
    const calls = new FileSystemCalls(clock);
    void calls.call('statfs /a', hung);
    void calls.call('statfs /b', hung);
    clock.advance(1_000);
    const fourth = calls.call('statfs /healthy', async () => undefined);
    clock.advance(0);
    await expect(fourth).rejects.toThrow('not checked');
  });

  test('a call that was only slow lets the next go', async () => {
    const calls = new FileSystemCalls(new ManualClock());
    let answer: (value: string) => void = () => undefined;
    const slow = calls.call('slow', () => new Promise<string>((resolve) => (answer = resolve)));
    void calls.call('statfs /b', hung);
    const third = calls.call('third', async () => 'asked');
    answer('late');
    expect(await slow).toBe('late');
    expect(await third).toBe('asked');
    expect(calls.pending).toHaveLength(1);
  });
});
