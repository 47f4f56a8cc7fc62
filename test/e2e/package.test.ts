/** The package of a fresh clone, installed globally into an empty folder: commands, docs and examples are there and work. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const NOT_CLONED = new Set(['node_modules', 'dist', 'coverage', 'data', '.git', 'whitelist']);

const folder = mkdtempSync(join(tmpdir(), 'satellite-package-'));
const prefix = join(folder, 'prefix');
const installed = join(prefix, 'lib', 'node_modules', 'satellite');
const { bin, version } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  bin: Record<string, string>;
  version: string;
};

beforeAll(() => {
  const clone = join(folder, 'clone');
  for (const name of readdirSync('.')) {
    if (!NOT_CLONED.has(name)) cpSync(name, join(clone, name), { recursive: true });
  }
  symlinkSync(resolve('node_modules'), join(clone, 'node_modules'));
  execFileSync('npm', ['pack', '--pack-destination', folder], { cwd: clone, stdio: 'pipe' });
  const packages = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  expect(packages).toHaveLength(1);
  const options = ['--global', '--prefix', prefix, '--prefer-offline', '--no-audit', '--no-fund'];
  execFileSync('npm', ['install', ...options, join(folder, String(packages[0]))], { cwd: folder, stdio: 'pipe' });
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(join(prefix, 'bin', command), args, { cwd: folder, encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe.each(Object.keys(bin))('%s', (command) => {
  test('tells its version', () => {
    expect(run(command, '--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('shows its usage', () => {
    expect(run(command, '--help')).toMatchObject({ status: 0, stdout: expect.stringContaining(`Usage: ${command}`) });
  });
});

test('checks settings and the shipped rules', () => {
  const file = join(folder, 'master.json');
  const streams = join(installed, 'config', 'streams.ts');
  writeFileSync(file, JSON.stringify({ 'mesos-master-url': null, streams }));
  expect(run('satellite-master', '--config', file, '--check')).toMatchObject({ status: 0, stderr: '' });
});

test('checks the shipped settings of a slave', () => {
  const file = join(installed, 'config', 'one-machine', 'slave.json');
  expect(run('satellite-slave', '--config', file, '--check').status).toBe(0);
});

test('brings the docs, the license and the changelog', () => {
  for (const name of ['README.md', 'LICENSE', 'CHANGELOG.md', ...readdirSync('docs').map((page) => `docs/${page}`)])
    expect(existsSync(join(installed, name)), name).toBe(true);
});
