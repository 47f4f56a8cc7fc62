import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { command } from '../../../satellite-slave/comets/command.ts';
import { wordsOf } from '../../../satellite-slave/comets/command-words.ts';
import { Commands } from '../../../satellite-slave/comets/commands.ts';
import { ProcessTable } from '../../../satellite-slave/comets/leftovers.ts';
import { environmentOf } from '../../../satellite-slave/settings/command-environment.ts';
import { until } from '../../support/until.ts';
import { runComet } from '../support/run-comet.ts';
import { fileWith, temporaryFolder } from '../support/settings-file.ts';

function alive(pid: number): boolean {
  try {
    // A zombie whose parent has not asked for it is dead all the same.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

function pidIn(file: string): number | undefined {
  return existsSync(file) ? Number(readFileSync(file, 'utf8').trim()) || undefined : undefined;
}

const never = new AbortController().signal;

async function run(
  words: string | readonly string[],
  timeoutMs = 10_000,
  commands = new Commands({ environment: () => process.env }),
) {
  const comet = command.make({ command: words, service: 'my check' });
  const [event] = await runComet({ name: 'command', periodMs: 60_000, timeoutMs, comet }, { commands });
  return event;
}

describe('the comet command', () => {
  test.each([
    ['true', { state: 'ok', metric: 0, description: 'exited with 0' }],
    ['false', { state: 'critical', metric: 1, description: 'exited with 1' }],
    [['echo', 'two  words', ';', 'rm'], { state: 'ok', metric: 0, description: 'two  words ; rm' }],
    [['printf', '\\n\\nfirst\\nsecond\\n'], { state: 'ok', metric: 0, description: 'first' }],
    ['ls /nowhere/at/all', { state: 'critical', metric: 2 }],
    [
      '/nowhere/program',
      {
        state: 'unknown',
        description: '/nowhere/program exited with 127 (command not found): No such file or directory',
      },
    ],
    ['/etc/passwd', { state: 'unknown', description: expect.stringContaining('exited with 126') }],
    [['sh', '-c', 'exit 127'], { state: 'unknown', description: 'sh exited with 127 (command not found)' }],
    [['sh', '-c', 'kill -SEGV $$'], { state: 'unknown', description: 'sh was killed by SIGSEGV' }],
  ])('%j', async (words, expected) => {
    expect(await run(words)).toMatchObject({ service: 'my check', ttl: 300, ...expected });
  });

  test('shell syntax has no meaning', async () => {
    expect((await run('echo $HOME `id` | cat'))?.description).toBe('$HOME `id` | cat');
  });

  test('standard error is the description where there is no output', async () => {
    expect((await run('ls /nowhere/at/all'))?.description).toContain('/nowhere/at/all');
  });

  test('past its timeout it is killed with its grandchildren, and the event says so', async () => {
    const folder = temporaryFolder();
    const script = fileWith(
      `#!/bin/sh\nsh -c 'sleep 300 & echo $! > ${folder}/grandchild; wait' &\necho $$ > ${folder}/child\nwait\n`,
      'family',
      0o755,
    );
    const event = run([script], 400);
    const grandchild = await until(() => pidIn(join(folder, 'grandchild')), { what: 'the start of the grandchild' });
    const child = await until(() => pidIn(join(folder, 'child')), { what: 'the start of the child' });
    expect(alive(grandchild)).toBe(true);
    expect(await event).toMatchObject({
      service: 'my check',
      ttl: 300,
      state: 'critical',
      description: 'timed out after 400ms',
    });
    await until(() => !alive(child) && !alive(grandchild), { what: 'the death of both' });
  });

  test('the end of the slave ends what runs', async () => {
    const folder = temporaryFolder();
    const commands = new Commands({ environment: () => process.env });
    const script = fileWith(`#!/bin/sh\necho $$ > ${folder}/child\nsleep 300\n`, 'long', 0o755);
    const result = commands.run([script], never);
    await until(() => pidIn(join(folder, 'child')), { what: 'its start' });
    await commands.killAll();
    expect(await result).toMatchObject({ exit: null, signal: 'SIGKILL' });
  });

  test('what it leaves behind does not hold it up', async () => {
    // Held up, it would run into its time-out of 10 s and be critical.
    const event = await run([fileWith('#!/bin/sh\nsleep 20 &\necho done\n', 'leaver', 0o755)]);
    expect(event).toMatchObject({ state: 'ok', description: 'done' });
  });

  test('endless output is cut, and read to its end', async () => {
    const result = await new Commands({ environment: () => process.env }).run(['seq', '1', '1000000'], never);
    expect(result).toMatchObject({ exit: 0, signal: null });
    expect(Buffer.byteLength(result.output)).toBe(65_536);
    const [event] = [await run(['head', '-c', '200000', '/dev/zero'])];
    expect(Buffer.byteLength(event?.description ?? '')).toBeLessThanOrEqual(4096);
  });

  test('a command is split at blanks', () => {
    expect(wordsOf('  a  b\tc ')).toEqual(['a', 'b', 'c']);
    expect(wordsOf(['a b', ''])).toEqual(['a b', '']);
  });
});

describe('what a check leaves running', () => {
  function watched() {
    const leftovers: [program: string, processes: number][] = [];
    const commands = new Commands({
      environment: () => process.env,
      processes: new ProcessTable(),
      onLeftovers: (program, processes) => void leftovers.push([program, processes]),
    });
    return { commands, leftovers };
  }

  test('in the background, with its output elsewhere, is killed and counted though the check exits with 0', async () => {
    const folder = temporaryFolder();
    const { commands, leftovers } = watched();
    const child = (name: string) =>
      `sh -c 'echo $$ > ${folder}/${name}; exec sleep 300' > /dev/null 2>&1 < /dev/null &\n`;
    const wait = `while [ ! -s ${folder}/one ] || [ ! -s ${folder}/two ]; do sleep 0.05; done\n`;
    const script = fileWith(`#!/bin/sh\n${child('one')}setsid ${child('two')}${wait}echo done\n`, 'leaver', 0o755);
    expect(await run([script], 10_000, commands)).toMatchObject({ state: 'ok', description: 'done' });
    const pids = ['one', 'two'].map((name) => pidIn(join(folder, name)) ?? 0);
    await until(() => pids.every((pid) => !alive(pid)), { what: 'the death of both' });
    expect(leftovers).toEqual([[script, 2]]);
  });

  test('in a session of its own dies with the check that exceeds its timeout', async () => {
    const folder = temporaryFolder();
    const { commands } = watched();
    const script = fileWith(
      `#!/bin/sh\nsetsid sh -c 'echo $$ > ${folder}/child; exec sleep 300' &\nsleep 300\n`,
      'leaver',
      0o755,
    );
    const event = run([script], 400, commands);
    const pid = await until(() => pidIn(join(folder, 'child')), { what: 'the start of the child' });
    expect(await event).toMatchObject({ state: 'critical', description: 'timed out after 400ms' });
    await until(() => !alive(pid), { what: 'the death of the child' });
  });

  test('of another check goes on', async () => {
    const folder = temporaryFolder();
    const { commands, leftovers } = watched();
    const long = fileWith(`#!/bin/sh\necho $$ > ${folder}/child\nexec sleep 300\n`, 'long', 0o755);
    const end = new AbortController();
    const running = commands.run([long], end.signal);
    const pid = await until(() => pidIn(join(folder, 'child')), { what: 'its start' });
    for (let count = 0; count < 3; count++) await run(['true'], 10_000, commands);
    expect(alive(pid)).toBe(true);
    expect(leftovers).toEqual([]);
    end.abort();
    await running;
  });
});

describe('safe-env', () => {
  const own = { PATH: '/own', HOME: '/root', JAVA: '/j', http_proxy: 'p', SECRET: 's' };

  test.each([
    [true, { PATH: '/bin/:/usr/bin/:/sbin/:/usr/sbin/', JAVA: '/j', http_proxy: 'p' }],
    [false, own],
    [{ A: 'b' }, { A: 'b' }],
    [{}, {}],
  ])('%j', (safeEnv, expected) => {
    expect(environmentOf(safeEnv, own)).toEqual(expected);
  });

  test('a command sees exactly that, and its own marker', async () => {
    const result = await new Commands({ environment: () => environmentOf({ A: 'b' }, own) }).run(
      ['/usr/bin/env'],
      never,
    );
    expect(result.output).toMatch(/^A=b\nSATELLITE_CHECK=[0-9a-f-]{36}\n$/);
  });
});
