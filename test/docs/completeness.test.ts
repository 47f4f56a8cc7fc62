/** Every setting, route and metric is in the pages that operators read. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { masterSchema } from '../../satellite-master/settings-schema.ts';
import { Metrics } from '../../satellite-master/stats/metrics.ts';
import { SETTINGS_SCHEMA } from '../../satellite-slave/settings/schema.ts';

const page = (path: string) => readFileSync(path, 'utf8');

describe('docs/settings.md', () => {
  const [, master = '', slave = ''] = page('docs/settings.md').split(/^## satellite-(?:master|slave)$/m);

  test('has every key of a master', () => {
    expect(Object.keys(masterSchema.properties).filter((key) => !master.includes(`\`${key}\``))).toEqual([]);
  });

  test('has every key of a slave, of its satellites and of its comets', () => {
    const { properties } = SETTINGS_SCHEMA;
    const keys = [properties, properties.satellites.items.properties, properties.comets.items.properties].flatMap(
      Object.keys,
    );
    expect(keys.filter((key) => !new RegExp(`[\`{ ]${key}[\`,}]`).test(slave))).toEqual([]);
  });
});

test('docs/operations.md has every metric under its full name', async () => {
  const names = [...(await new Metrics().text()).matchAll(/^# HELP (satellite_\w+) /gm)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(50);
  const operations = page('docs/operations.md');
  expect(names.filter((name) => !new RegExp(`\`${name}[\`{]`).test(operations))).toEqual([]);
});

test('docs/rest.md has every route', () => {
  const sources = readdirSync('satellite-master/http').map((name) =>
    readFileSync(join('satellite-master/http', name), 'utf8'),
  );
  const paths = sources.flatMap((text) =>
    [...text.matchAll(/(?:path:|const \w+ =) '(\/[^']*)'/g)].map(([, path = '']) => path),
  );
  expect(paths.length).toBeGreaterThan(20);
  const rest = page('docs/rest.md');
  const written = (path: string) => path.replace('/:list', '/on').replace(/:(\w+)/g, '{$1}');
  expect(paths.filter((path) => !rest.includes(written(path)))).toEqual([]);
});

test('docs/architecture.md has every folder', () => {
  const architecture = page('docs/architecture.md');
  const folders = ['satellite-master', 'satellite-slave'].flatMap((root) =>
    readdirSync(root, { encoding: 'utf8', recursive: true })
      .filter((name) => existsSync(join(root, name, 'index.ts')))
      .map((name) =>
        name.includes('/') || root === 'satellite-slave'
          ? `\`${name.split('/').at(-1)}/\``
          : `\`${join(root, name)}/\``,
      ),
  );
  expect(folders.length).toBeGreaterThan(30);
  expect(folders.filter((folder) => !architecture.includes(folder))).toEqual([]);
});
