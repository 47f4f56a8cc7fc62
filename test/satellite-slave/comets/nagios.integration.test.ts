import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { judgePlugin, nagios } from '../../../satellite-slave/comets/nagios.ts';
import { parsePerfdata } from '../../../satellite-slave/comets/perfdata.ts';
import { runComet } from '../support/run-comet.ts';
import { fileWith } from '../support/settings-file.ts';

const PLUGINS = '/usr/lib/nagios/plugins';

async function run(command: string | readonly string[], timeoutMs = 10_000) {
  const comet = nagios.make({ command, service: 'plugin' });
  const [event] = await runComet({ name: 'nagios', periodMs: 60_000, timeoutMs, comet });
  if (!event) throw new Error('no event');
  return event;
}

function said(output: string, exit: number | null = 0) {
  return judgePlugin({ exit, signal: exit === null ? 'SIGSEGV' : null, output, errors: '' });
}

describe("Debian's monitoring-plugins", () => {
  beforeAll(() => {
    if (!existsSync(`${PLUGINS}/check_dummy`))
      throw new Error(`${PLUGINS}/check_dummy is missing: apt-get install monitoring-plugins-basic`);
  });

  test.each([
    [0, 'ok'],
    [1, 'warning'],
    [2, 'critical'],
    [3, 'unknown'],
  ])('check_dummy %i is %s', async (exit, state) => {
    const event = await run([`${PLUGINS}/check_dummy`, String(exit), 'a text with blanks']);
    expect(event).toMatchObject({ service: 'plugin', state, ttl: 300 });
    expect(event.description).toMatch(/: a text with blanks$/);
    expect(event.metric).toBeUndefined();
  });

  test('check_load gives its loads as attributes and the first as metric', async () => {
    const event = await run(`${PLUGINS}/check_load -w 900,900,900 -c 999,999,999`);
    expect(event.state).toBe('ok');
    expect(event.description).toMatch(/load average/i);
    expect(Object.keys(event.attributes ?? {})).toEqual(['load1', 'load5', 'load15']);
    expect(event.attributes?.['load1']).toMatch(/^\d+\.\d+;900(\.0+)?;999(\.0+)?;0/);
    expect(event.metric).toBeCloseTo(Number.parseFloat(event.attributes?.['load1'] ?? ''), 5);
  });

  test('check_disk beyond its thresholds is critical and keeps its figures', async () => {
    const event = await run([`${PLUGINS}/check_disk`, '-w', '101%', '-c', '101%', '-p', '/']);
    expect(event.state).toBe('critical');
    expect(event.attributes?.['/']).toMatch(/^\d+(\.\d+)?[KMGT]?i?B;/);
    expect(event.metric).toBeGreaterThan(0);
  });

  test('check_http on a closed port is critical', async () => {
    const event = await run(`${PLUGINS}/check_tcp -H 127.0.0.1 -p 1`);
    expect(event).toMatchObject({ state: 'critical' });
    expect(event.description).toMatch(/refused/i);
  });
});

describe('a plugin that breaks', () => {
  test('is critical with another exit status, as Nagios Core has it', async () => {
    const event = await run(fileWith('#!/bin/sh\necho half a word\nexit 42\n', 'check', 0o755));
    expect(event).toMatchObject({ state: 'critical', description: 'plugin exited with 42: half a word' });
  });

  test('is unknown when a signal ends it that Satellite did not send', async () => {
    const event = await run(fileWith('#!/bin/sh\nkill -SEGV $$\n', 'check', 0o755));
    expect(event.state).toBe('unknown');
    expect(event.description).toContain('was killed by SIGSEGV');
  });

  test.each([
    ['/nowhere/check_nothing', /^\/nowhere\/check_nothing exited with 127 \(command not found\).*No such file/],
    ['/etc/passwd', /^\/etc\/passwd exited with 126 \(not executable\).*Permission denied/],
    [['sh', '-c', 'printf "OK\\0|a=1"'], /binary, not text/],
  ])('is unknown where the check could not be made: %j', async (words, description) => {
    const event = await run(words);
    expect(event).toMatchObject({ service: 'plugin', state: 'unknown' });
    expect(event.description).toMatch(description);
  });

  test('is critical past its time', async () => {
    expect(await run('sleep 30', 50)).toMatchObject({ state: 'critical', description: 'timed out after 50ms' });
  });

  test('without output still has a description', () => {
    expect(said('')).toMatchObject({ state: 'ok', description: 'plugin exited with 0' });
  });
});

describe('perfdata', () => {
  test.each([
    [
      "'/var log'=12%;80;90;0;100 b=3",
      [
        ['/var log', '12%;80;90;0;100'],
        ['b', '3'],
      ],
    ],
    ["'it''s'=1;;;", [["it's", '1;;;']]],
    ["'a=b'=7s", [['a=b', '7s']]],
    [
      'time=0.01s;;;0.0 size=4096B',
      [
        ['time', '0.01s;;;0.0'],
        ['size', '4096B'],
      ],
    ],
    ['junk without sense', []],
    ['x=', [['x', '']]],
    ["'not closed=1", []],
    ['=1 a=2', [['a', '2']]],
  ])('%s', (text, expected) => {
    expect(parsePerfdata(text).map(({ label, value }) => [label, value])).toEqual(expected);
  });

  test.each([
    ['a=-2.5ms;1 c=3', -2.5],
    ['a=1,5s;2;3', 1.5],
    ['a=,5', 0.5],
    ['a=1e3', 1000],
    ['a=3c', 3],
    ['a=U b=2', undefined],
    ['a=u;1 b=2', undefined],
    ['a=inf b=2', undefined],
    ['a=-inf b=2', undefined],
    ['a=nan b=2', undefined],
    ['a=NaN b=2', undefined],
    ['a=1e999 b=2', undefined],
    ['a= b=2', undefined],
  ])('the metric is the first value, never another: %s', (perfdata, metric) => {
    expect(said(`x | ${perfdata}`).metric).toBe(metric);
  });

  test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])('a label may be %s', (label) => {
    const key = label === '__proto__' ? 'perfdata-__proto__' : label;
    expect(Object.entries(said(`x | ${label}=1`).attributes ?? {})).toEqual([[key, '1']]);
  });

  test.each([
    ['no blank', 'x', 0],
    ['only quotes', "'", 0],
    ['quotes and blanks', "' ", 0],
    ['only equal signs', '=', 0],
    ['labels without values', 'a ', 0],
    ['values', 'a=1 ', 1_000_000],
  ])('a million of %s are read, each character once', (_what, text, values) => {
    // Where each were read twice for every other, this would take hours.
    expect(parsePerfdata(text.repeat(1_000_000))).toHaveLength(values);
  });

  test('further lines bring more of it', () => {
    const finding = said('DISK OK|/=1MB\nlong text\nmore | /home=2MB\n/var=3MB\n');
    expect(finding).toMatchObject({ description: 'DISK OK\nlong text\nmore', metric: 1 });
    expect(finding.attributes).toEqual({ '/': '1MB', '/home': '2MB', '/var': '3MB' });
  });

  test('labels that are names of event fields get a prefix', () => {
    expect(said('x | time=0.1s state=1 by=2 override=3').attributes).toEqual({
      'perfdata-time': '0.1s',
      'perfdata-state': '1',
      'perfdata-by': '2',
      'perfdata-override': '3',
    });
  });

  test('is bounded: 32 attributes of 1 KiB', () => {
    const many = Array.from({ length: 100 }, (_, at) => `m${at}=${at}`).join(' ');
    expect(Object.keys(said(`x | ${many}`).attributes ?? {})).toHaveLength(32);
    const long = said(`x | a=1${';'.repeat(5000)}`).attributes?.['a'] ?? '';
    expect(Buffer.byteLength(long)).toBe(1024);
  });
});
