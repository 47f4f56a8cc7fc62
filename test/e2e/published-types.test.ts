/** The package as users install it: a rules module outside of the repository is completed, checked and tested. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'satellite-user-'));
const modules = join(folder, 'node_modules');

/** What `npm i` of the packed folder leaves, but for the dependencies, which are those of this repository. */
beforeAll(() => {
  // Without `prepack`, which would build `dist` anew while other tests run from it.
  const packed = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { encoding: 'utf8' }),
  );
  const [{ filename }] = packed as [{ filename: string }];
  execFileSync('tar', ['-xzf', filename], { cwd: folder });
  mkdirSync(modules);
  cpSync(join(folder, 'package'), join(modules, 'satellite'), { recursive: true });
  for (const name of readdirSync('node_modules')) {
    if (name !== 'satellite' && !name.startsWith('.')) symlinkSync(resolve('node_modules', name), join(modules, name));
  }
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
  const compilerOptions = {
    target: 'es2022',
    module: 'nodenext',
    strict: true,
    noEmit: true,
    types: ['node'],
    allowImportingTsExtensions: true,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function compiled(files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const { stdout } = spawnSync(resolve('node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8', cwd: folder });
  for (const name of Object.keys(files)) rmSync(join(folder, name));
  return stdout;
}

test.each(['README.md', 'docs/rules.md', 'docs/switching.md'])('the examples in %s compile', (file) => {
  const blocks = readFileSync(file, 'utf8').matchAll(/```ts\n\/\/ (\S+)\n(.*?)```/gs);
  const files = Object.fromEntries(Array.from(blocks, ([, name = '', text = '']) => [name, text]));
  expect(Object.keys(files)).toContain(file === 'README.md' ? 'gpu.test.ts' : 'rules.ts');
  expect(compiled(files)).toBe('');
});

test('wrong use of a function is found by the types', () => {
  const found = compiled({
    'wrong.ts': `import type { Satellite } from 'satellite';
export default ({ where, service, offHost, throttle, rolup }: Satellite) => [
  where(service('x'), offHost),
  throttle('5', 60),
];
`,
  });
  expect(found).toMatch(/wrong\.ts\(2,\d+\).*'rolup' does not exist/);
  expect(found).toMatch(/wrong\.ts\(3,\d+\)/);
  expect(found).toMatch(/wrong\.ts\(4,\d+\)/);
});

test('the bench and the recipes run from the package', () => {
  writeFileSync(
    join(folder, 'run.mjs'),
    `import { testRules } from 'satellite/testing';
     import { offWhileOver } from 'satellite/recipes';
     const bench = testRules((satellite) => offWhileOver(satellite, { service: 'load', off: 2, on: 1 }));
     console.log(bench.inject({ host: 'a1', service: 'load', metric: 3 }).wanted('a1'));
     console.log(testRules('node_modules/satellite/config/streams.ts').wanted('a1'));`,
  );
  expect(execFileSync(process.execPath, ['run.mjs'], { cwd: folder, encoding: 'utf8' })).toBe('off\nundefined\n');
});
