/** The whitelist file over a real file system (docs/operations.md, "The whitelist file"; docs/judgement.md, rules 24, 28). */
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FileOnDisk, fileOnDisk } from '../../../satellite-master/whitelist/file/disk-file.ts';
import { linesOf, type Wanted, WhitelistFile } from '../../../satellite-master/whitelist/file/whitelist-file.ts';
import { silentLog } from '../../../shared/log.ts';
import type { ManualClock } from '../../../shared/manual-clock.ts';
import { aClock, hosts } from '../../support/harness.ts';
import { until } from '../../support/until.ts';

const [h1, h2] = hosts(2);
let folder: string;
let path: string;
let clock: ManualClock;
let wanted: Wanted;
let seen: (readonly string[])[];
let outcomes: string[];
let onLook: () => void | Promise<void>;
let file: WhitelistFile;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'satellite-file-'));
  path = join(folder, 'whitelist');
  clock = aClock();
  seen = [];
  outcomes = [];
  onLook = () => undefined;
  want(h1, h2);
  make();
});

afterEach(async () => {
  await file.close();
  await rm(folder, { recursive: true, force: true });
});

function want(...names: readonly (typeof h1)[]): void {
  wanted = { hosts: names.filter((name) => name !== undefined) };
}

function make(): void {
  file = new WhitelistFile({
    path,
    wanted: (present) => {
      seen.push(present);
      const answer = wanted;
      void onLook();
      return answer;
    },
    clock,
    log: silentLog,
    tried: (outcome) => outcomes.push(outcome),
  });
}

/** Asks for the file to be brought up to date and waits until that was tried. */
async function update(): Promise<void> {
  file.update();
  clock.advance(20);
  await file.idle();
}

const content = () => readFile(path, 'utf8');

describe('what is written', () => {
  test('one host a line, each line ended, and nothing else in the folder', async () => {
    await update();
    expect(await content()).toBe(`${h1}\n${h2}\n`);
    expect(await readdir(folder)).toEqual(['whitelist']);
    expect(file.state).toEqual({ kind: 'published', hosts: 2 });
    expect((await stat(path)).mode & 0o777).toBe(0o644);
  });

  test('only when the content changes', async () => {
    await update();
    const { ino, mtimeMs } = await stat(path);
    await update();
    expect(await stat(path)).toMatchObject({ ino, mtimeMs });
    expect(outcomes).toEqual(['written']);
    want(h1);
    await update();
    expect(await content()).toBe(`${h1}\n`);
  });

  test('not at all where the file is right already at the start', async () => {
    await writeFile(path, `${h1}\n${h2}\n`);
    await update();
    expect(outcomes).toEqual([]);
    expect(file.state.kind).toBe('published');
  });

  test('many changes at once are written once', async () => {
    for (let at = 0; at < 50; at++) file.update();
    await update();
    expect(outcomes).toEqual(['written']);
  });

  test('a change that comes while it writes is written after it', async () => {
    file.update();
    clock.advance(20);
    want(h2);
    file.update();
    await until(async () => (await content()) === `${h2}\n`, { what: 'the later content' });
  });

  test.each(Array.from({ length: 12 }, (_, depth) => depth))(
    'a change that comes in the moment a round ends is not lost: %i microtasks after its last look',
    async (depth) => {
      await update();
      const changed = new Promise<void>((done) => {
        onLook = async () => {
          onLook = () => undefined;
          for (let turn = 0; turn < depth; turn++) await undefined;
          want(h1);
          file.update();
          done();
        };
      });
      await update();
      await changed;
      clock.advance(20);
      await file.idle();
      expect(await content()).toBe(`${h1}\n`);
    },
  );
});

describe('rule 24: held', () => {
  test('the content is kept, and it is said', async () => {
    await update();
    const hold = { rule: '24', reason: 'none would be left', digest: null, missing: [], added: [] } as const;
    wanted = { hold };
    await update();
    expect(await content()).toBe(`${h1}\n${h2}\n`);
    expect(file.state).toEqual({ kind: 'held', hold });
    want(h1);
    await update();
    expect(await content()).toBe(`${h1}\n`);
    expect(file.state.kind).toBe('published');
  });

  test('an empty list that was meant empties it', async () => {
    await update();
    want();
    await update();
    expect(await content()).toBe('');
    expect(file.state).toEqual({ kind: 'published', hosts: 0 });
  });

  test('nothing to publish and no file: none is made', async () => {
    want();
    await update();
    expect(await readdir(folder)).toEqual([]);
    expect(file.state.kind).toBe('nothing-to-publish');
  });

  test('who decides is given the lines that the file holds now', async () => {
    await writeFile(path, 'old.example\n\nb.example\n');
    await update();
    expect(seen[0]).toEqual(['old.example', 'b.example']);
  });
});

describe('what stays as it was', () => {
  test('the mode of the file', async () => {
    await writeFile(path, 'old.example\n');
    await chmod(path, 0o640);
    await update();
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect(await content()).toBe(`${h1}\n${h2}\n`);
  });

  test('a read-only file stays read-only and is still replaced', async () => {
    await writeFile(path, 'old.example\n');
    await chmod(path, 0o444);
    await update();
    expect((await stat(path)).mode & 0o777).toBe(0o444);
    expect(await content()).toBe(`${h1}\n${h2}\n`);
  });

  test.each([
    ['to a file', true],
    ['to a file that is still to be made', false],
  ])('a symbolic link %s', async (_, isThere) => {
    const real = join(folder, 'real');
    await mkdir(real);
    if (isThere) await writeFile(join(real, 'list'), 'old.example\n');
    await symlink(join('real', 'list'), path);
    await update();
    expect((await lstat(path)).isSymbolicLink()).toBe(true);
    expect(await readlink(path)).toBe(join('real', 'list'));
    expect(await readFile(join(real, 'list'), 'utf8')).toBe(`${h1}\n${h2}\n`);
    expect(await readdir(real)).toEqual(['list']);
  });
});

describe('what fails is said and tried again', () => {
  test('a missing folder', async () => {
    path = join(folder, 'missing', 'whitelist');
    make();
    await update();
    expect(file.state).toMatchObject({ kind: 'failed', reason: expect.stringContaining('ENOENT') });
    await mkdir(join(folder, 'missing'));
    clock.advance(300);
    clock.advance(20);
    await until(() => file.state.kind === 'published', { what: 'it to be published' });
    expect(await content()).toBe(`${h1}\n${h2}\n`);
  });

  test('a folder that lies in its place', async () => {
    await mkdir(path);
    await update();
    expect(file.state.kind).toBe('failed');
    await rm(path, { recursive: true });
    clock.advance(300);
    clock.advance(20);
    await until(() => file.state.kind === 'published', { what: 'it to be published' });
  });

  test('at growing distances, however often it is asked meanwhile, and never after it is closed', async () => {
    path = join(folder, 'missing', 'whitelist');
    make();
    for (let at = 0; at < 20; at++) await update();
    const failed = outcomes.length;
    clock.advance(5_000);
    clock.advance(20);
    await file.idle();
    expect(outcomes.length).toBe(failed + 1);
    await file.close();
    clock.advance(60_000);
    await file.idle();
    expect(outcomes.length).toBe(failed + 1);
  });
});

describe('another program', () => {
  test.each([
    ['changes it', () => writeFile(path, 'intruder.example\n')],
    ['empties it', () => writeFile(path, '')],
    ['removes it', () => rm(path)],
  ])('%s: it is restored', async (_, edit) => {
    const watch = file.watch();
    await update();
    await edit();
    const restored = until(
      async () => {
        clock.advance(5_000);
        clock.advance(20);
        return (await content()) === `${h1}\n${h2}\n`;
      },
      { what: 'the content to be restored' },
    );
    await restored;
    watch.cancel();
  });
});

test.each([
  [
    'the same size and time of change',
    async () => {
      const { atime, mtime } = await stat(path);
      await writeFile(path, (await content()).replace('h1', 'hX'));
      await utimes(path, atime, mtime);
    },
  ],
  [
    'another file under the same name',
    async () => {
      const { atime, mtime } = await stat(path);
      await writeFile(`${path}.new`, (await content()).replace('h1', 'hX'));
      await utimes(`${path}.new`, atime, mtime);
      await rename(`${path}.new`, path);
    },
  ],
])('an edit that leaves %s is noticed at the next check', async (_, edit) => {
  const watch = file.watch();
  const check = async () => {
    clock.advance(5_000);
    clock.advance(20);
    await file.idle();
  };
  await update();
  await check();
  await edit();
  await check();
  expect(await content()).toBe(`${h1}\n${h2}\n`);
  watch.cancel();
});

test('a file that is right is verified at each check, though nothing is written', async () => {
  const watch = file.watch();
  await update();
  const first = file.verifiedMs ?? 0;
  for (let at = 0; at < 12; at++) {
    clock.advance(5_000);
    clock.advance(20);
    await file.idle();
  }
  expect(outcomes).toEqual(['written']);
  expect((file.verifiedMs ?? 0) - first).toBeGreaterThanOrEqual(59_000);
  watch.cancel();
});

test('what a killed process left half written is removed, also where nothing is written', async () => {
  await writeFile(path, `${h1}\n${h2}\n`);
  await writeFile(join(folder, '.whitelist.satellite.tmp'), 'half');
  await update();
  expect(await readdir(folder)).toEqual(['whitelist']);
});

describe('a file system that does not answer', () => {
  let answer: () => void;
  let isAsked = false;
  beforeEach(() => {
    isAsked = false;
  });
  const hangs = () =>
    new Promise<null>((resolve) => {
      answer = () => resolve(null);
      isAsked = true;
    });
  const hung = (disk: Partial<FileOnDisk>) => {
    file = new WhitelistFile({
      path,
      wanted: () => wanted,
      clock,
      log: silentLog,
      tried: () => undefined,
      disk: { ...fileOnDisk(path), ...disk },
    });
  };

  test('is a failure with that reason, until it answers', async () => {
    hung({ mark: hangs });
    file.update();
    clock.advance(20);
    await until(() => isAsked, { what: 'the call' });
    clock.advance(10_000);
    await until(() => file.state.kind === 'failed', { what: 'the failure' });
    expect(file.state).toEqual({ kind: 'failed', reason: 'not answering for more than 5s' });
    answer();
    await file.idle();
    expect(file.state.kind).toBe('published');
  });

  test('is asked once, however long it takes', async () => {
    let calls = 0;
    hung({
      mark: () => {
        calls++;
        return hangs();
      },
    });
    const watch = file.watch();
    for (let at = 0; at < 20; at++) {
      file.update();
      clock.advance(5_000);
      await Promise.resolve();
    }
    await until(() => calls > 0, { what: 'the call' });
    expect(calls).toBe(1);
    watch.cancel();
    answer();
  });

  test('does not keep the end from coming', async () => {
    hung({ mark: hangs });
    file.update();
    clock.advance(20);
    await until(() => isAsked, { what: 'the call' });
    const end = new AbortController();
    const closed = file.close(end.signal);
    end.abort();
    await closed;
    answer();
  });

  test('a pipe or socket in its place is not even opened: that may wait for the other end for ever', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    await update();
    expect(file.state).toEqual({ kind: 'failed', reason: 'not answering: it is no regular file' });
    await new Promise((resolve) => server.close(resolve));
  });
});

test('closing writes what is still to be written', async () => {
  await update();
  want(h2);
  file.update();
  await file.close();
  expect(await content()).toBe(`${h2}\n`);
});

test.each([
  ['', []],
  ['a\n', ['a']],
  ['a\n\nb', ['a', 'b']],
  ['a\r\nb\n', ['a\r', 'b']],
])('the lines of %j are %j', (text, lines) => expect(linesOf(text)).toEqual(lines));
