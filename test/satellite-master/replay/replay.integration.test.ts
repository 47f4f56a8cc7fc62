import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { NoStateError, tasksOfCaptured } from '../../../satellite-master/replay/captured.ts';
import { linesOf, type ReplayLine, replay } from '../../../satellite-master/replay/replay.ts';
import { THRESHOLDS } from '../../support/task-scenes.ts';

const SYNTHETIC = 'test/fixtures/replay/black-hole-state.json';
/** When the fixture's story begins, unix seconds; its host node4 is a black hole from minute 10 to 20. */
const BEGIN_S = 1_790_000_000;
const minute = (n: number) => BEGIN_S + n * 60;

function read(name: string): string {
  return readFileSync(name.includes('/') ? name : `test/fixtures/mesos-1.12/${name}.json`, 'utf8');
}

function episodes(text: string) {
  return replay(tasksOfCaptured(text).tasks, THRESHOLDS);
}

function status(state: string, timestamp: unknown) {
  return { state, timestamp };
}

function stateOf(tasks: readonly unknown[], more: object = {}): string {
  return JSON.stringify({ frameworks: [{ id: 'f', name: 'marathon', completed_tasks: tasks }], ...more });
}

describe('the black hole of the synthetic state', () => {
  const all = episodes(read(SYNTHETIC));

  test('is blamed while it lasts, under the name that it registered with again', () => {
    const hosts = all.filter(({ kind, blamed }) => kind === 'host' && blamed);
    expect(hosts.map(({ host }) => host)).toEqual(['node4.example']);
    expect(hosts[0]?.from).toBeGreaterThan(minute(10));
    expect(hosts[0]?.from).toBeLessThan(minute(13));
    expect(hosts[0]?.to).toBeGreaterThan(minute(20));
    expect(hosts[0]?.to).toBeLessThan(minute(27));
    expect(hosts[0]?.reason).toMatch(/marathon\/crawl failed 30 of 30 here, 0 of \d+ on \d other hosts/);
  });

  test('and the application that fails everywhere is named, no host for it', () => {
    const applications = all.filter(({ kind }) => kind === 'application');
    expect(applications.map(({ application }) => application)).toEqual(['marathon/broken']);
  });

  test('minute by minute', () => {
    const lines = linesOf(all);
    const [first] = lines;
    expect(first).toMatchObject({ kind: 'application', blamed: true, application: 'marathon/broken' });
    for (const line of lines) {
      expect(line.time % 60).toBe(0);
      expect(line.from).toBeLessThanOrEqual(line.time);
      expect(line.to).toBeGreaterThanOrEqual(line.time);
    }
    const times = lines.map(({ time }) => time);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });
});

describe('states of a real Mesos 1.12', () => {
  test.each([
    ['master_state', 19],
    ['agent1_state', 7],
    ['agent2_state', 13],
    ['agent2_disconnected_state', 11],
    ['agent2_unreachable_state', 11],
    ['drained_state', 10],
    ['maint_down_state', 13],
    ['noquorum_ha1_state', 0],
  ])('%s: %i tasks, and nobody is to blame', (name, count) => {
    const { tasks } = tasksOfCaptured(read(name));
    expect(tasks).toHaveLength(count);
    expect(replay(tasks, THRESHOLDS)).toEqual([]);
    for (const { host } of tasks) expect(host).toMatch(/^(alpha|bravo)\.test$|^agent /);
  });

  test('the v1 event stream, as it comes (RecordIO)', () => {
    const { tasks } = tasksOfCaptured(read('test/fixtures/mesos-1.12/subscribe_stream.txt'));
    const seen = tasks.find(({ id }) => id === 'seen-by-subscriber-21');
    expect(seen).toMatchObject({ host: 'alpha.test', state: 'TASK_FINISHED' });
    expect(seen?.statuses.map(({ state }) => state)).toContain('TASK_FINISHED');
  });
});

describe('odd input', () => {
  test.each([
    ['', /not JSON/],
    ['{', /not JSON/],
    ['hello', /not JSON/],
    ['[1, 2]', /no JSON object/],
    ['null', /no JSON object/],
    ['{"master/elected": 1}', /no Mesos state/],
    ['{"frameworks": 3}', /no Mesos state/],
    ['{"type": "GET_VERSION", "get_version": {"frameworks": []}}', /no Mesos state/],
  ])('%s is refused', (text, message) => {
    expect(() => tasksOfCaptured(text)).toThrow(NoStateError);
    expect(() => tasksOfCaptured(text)).toThrow(message);
  });

  test('missing fields, tasks without statuses or with wrong times, unknown agents and frameworks', () => {
    const text = stateOf([
      null,
      7,
      {},
      { id: 'no statuses', state: 'TASK_FAILED' },
      { id: 'no agent', state: 'TASK_FAILED', statuses: [status('TASK_FAILED', 100)] },
      {
        id: 'odd times',
        slave_id: 's1',
        state: 'TASK_FAILED',
        statuses: [status('TASK_FAILED', 'x'), null, 3, status('TASK_FAILED', -1)],
      },
      { id: 'no state', slave_id: 's1', statuses: [status('TASK_RUNNING', 50)] },
      {
        id: 'unordered',
        slave_id: 's1',
        state: 'TASK_FAILED',
        statuses: [status('TASK_FAILED', 90), status('TASK_RUNNING', 80)],
      },
    ]);
    const { tasks, timeless } = tasksOfCaptured(text);
    expect(timeless).toBe(2);
    expect(tasks.map(({ id, host, state }) => `${id}, ${host}, ${state}`)).toEqual([
      'no agent, agent unknown, TASK_FAILED',
      'no state, agent s1, TASK_RUNNING',
      'unordered, agent s1, TASK_FAILED',
    ]);
    expect(replay(tasks, THRESHOLDS)).toEqual([]);
  });

  test('a task that was being killed did not fail', () => {
    const killed = Array.from({ length: 30 }, (_, at) => ({
      id: `t${at}`,
      slave_id: 's',
      state: 'TASK_FAILED',
      statuses: [status('TASK_RUNNING', at), status('TASK_KILLING', at + 1), status('TASK_FAILED', at + 2)].slice(0),
    }));
    expect(episodes(stateOf(killed.slice(1)))).toEqual([]);
  });

  test('years between two tasks are not walked through', () => {
    const far = [100, 1e9, 4e12].map((timestamp, at) => ({
      id: `t${at}`,
      slave_id: 's',
      state: 'TASK_FAILED',
      statuses: [status('TASK_FAILED', timestamp)],
    }));
    expect(episodes(stateOf(far))).toEqual([]);
  });

  test('a time that no date can tell is none', () => {
    const tasks = [1e300, 8.7e12, 1e9].map((timestamp, at) => ({
      id: `t${at}`,
      statuses: [status('TASK_FAILED', timestamp)],
    }));
    expect(tasksOfCaptured(stateOf(tasks))).toMatchObject({ timeless: 2, tasks: [{ id: 't2' }] });
    expect(episodes(stateOf(tasks))).toEqual([]);
  });

  test('addresses that agents share tell no host', () => {
    const network = { container_status: { network_infos: [{ ip_addresses: [{ ip_address: '127.0.0.1' }] }] } };
    const slaves = ['a.example', 'b.example'].map((hostname, at) => ({
      id: `s${at}`,
      hostname,
      pid: 'slave(1)@127.0.0.1:5051',
    }));
    const one = {
      id: 't',
      slave_id: 'former',
      state: 'TASK_FAILED',
      statuses: [{ ...status('TASK_FAILED', 9), ...network }],
    };
    expect(tasksOfCaptured(stateOf([one], { slaves })).tasks[0]?.host).toBe('agent former');
    expect(tasksOfCaptured(stateOf([one], { slaves: slaves.slice(1) })).tasks[0]?.host).toBe('b.example');
  });
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function command(...words: string[]): Promise<Ended> {
  return new Promise((resolve) =>
    execFile(process.execPath, ['dist/satellite-master/main.js', ...words], (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    ),
  );
}

describe('satellite-master --replay', () => {
  test('--json: one object a line, of the form that the contract gives', async () => {
    const { code, stdout } = await command('--replay', SYNTHETIC, '--json');
    expect(code).toBe(0);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as ReplayLine);
    expect(lines).toEqual(linesOf(episodes(read(SYNTHETIC))));
    expect(new Set(lines.filter(({ kind, blamed }) => kind === 'host' && blamed).map(({ host }) => host))).toEqual(
      new Set(['node4.example']),
    );
  });

  test('for people: a table; with settings: their thresholds', async () => {
    const config = join(await mkdtemp(join(tmpdir(), 'satellite-replay-')), 'master.json');
    await writeFile(config, JSON.stringify({ 'blackhole-least-failures': 1_000 }));
    const [people, none] = await Promise.all([
      command('--replay', SYNTHETIC),
      command('--replay', SYNTHETIC, '--config', config),
    ]);
    expect(people.stdout).toMatch(/HOST BLACK HOLE +node4\.example: .*30 of 30/);
    expect(people.stdout).toMatch(/APPLICATION FAILS +marathon\/broken/);
    expect(none.stdout).toMatch(/Nobody would have been blamed/);
    expect([people.code, none.code]).toEqual([0, 0]);
  });

  test.each([
    [['--replay', '/no/such/file'], /\/no\/such\/file: .*no such file/],
    [['--replay', 'README.md'], /README\.md: .*no Mesos state/],
    [['--replay', 'docs'], /docs: no recording/],
    [['--json', '--config', 'x'], /'--json' needs/],
    [[], /'--config <file>' not specified/],
  ])('%j is wrong usage', async (words, message) => {
    const { code, stderr, stdout } = await command(...words);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
  });
});
