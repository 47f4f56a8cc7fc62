import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Recorder, type RecorderOptions } from '../../../satellite-master/replay/recorder.ts';
import { NoRecordingError, Recording } from '../../../satellite-master/replay/recording.ts';
import { nameOf } from '../../../satellite-master/replay/recording-files.ts';
import type { RecordedLine } from '../../../satellite-master/replay/recording-lines.ts';
import { emptyRecord, type HostRecord } from '../../../satellite-master/whitelist/record/record.ts';
import type { ReplicaChange, ReplicaEntry } from '../../../satellite-master/whitelist/replica.ts';
import type { Event } from '../../../shared/event.ts';
import { silentLog } from '../../../shared/log.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';
import { host, START_MS } from '../../support/harness.ts';

const START_S = START_MS / 1000;
const HOST = host('a1.example');

let folder: string;
let clock: ManualClock;
let lost: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'satellite-record-'));
  clock = new ManualClock(START_MS);
  lost = 0;
});

afterEach(() => rm(folder, { recursive: true, force: true }));

type Bounds = Partial<RecorderOptions['settings']> & Partial<RecorderOptions>;

function recorder({ maxBytes = 100_000_000, keepMs = 86_400_000, gzip = false, ...more }: Bounds = {}): Recorder {
  const made = new Recorder({
    settings: { dir: join(folder, 'rec'), keepMs, maxBytes, gzip },
    records: () => [],
    clock,
    log: silentLog,
    dropped: (events) => {
      lost += events;
    },
    ...more,
  });
  made.start();
  return made;
}

function event(service: string, more: Partial<Event> = {}): Event {
  return { host: HOST, service, state: 'ok', time: clock.wallMs() / 1000, ttl: 60, ...more };
}

/** Lets what waits be written. */
async function written(made: Recorder): Promise<void> {
  clock.advance(200);
  await made.flush();
}

async function lines(dir = join(folder, 'rec')): Promise<{ lines: RecordedLine[]; remarks: readonly string[] }> {
  const recording = new Recording(dir);
  const all: RecordedLine[] = [];
  for await (const batch of recording.batches()) all.push(...batch);
  return { lines: all, remarks: recording.remarks };
}

const events = (all: readonly RecordedLine[]) => all.flatMap((line) => ('event' in line ? [line] : []));
const notes = (all: readonly RecordedLine[]) => all.flatMap((line) => ('note' in line ? [line] : []));
const names = async () => (await readdir(join(folder, 'rec'))).sort();

function entry(name: string, record: HostRecord): ReplicaEntry {
  const common = { version: 0, createdMs: START_MS, order: 1n, on: true, foreignUntilMs: undefined, broken: undefined };
  return { host: host(name), record, ...common };
}

describe('what is recorded', () => {
  test('every event with its arrival, and attributes as reports carry them', async () => {
    const made = recorder();
    const all = [
      event('mesos/slave/disk', { attributes: { rack: 'r7' }, tags: ['x'], metric: 0.5, description: 'zwölf\n"%"' }),
      event('free', {}),
    ];
    made.record(all);
    clock.advance(1_500);
    made.record([event('late')], true);
    await made.close();
    const found = events((await lines()).lines);
    expect(found).toEqual([
      { at: START_S, event: all[0] },
      { at: START_S, event: all[1] },
      { at: START_S + 1.5, event: event('late', { time: START_S + 1.5 }), own: true },
    ]);
    const [name] = await names();
    expect(name).toBe(nameOf(START_MS + 1_500));
    const [, first] = (await readFile(join(folder, 'rec', name ?? ''), 'utf8')).split('\n');
    expect(JSON.parse(first ?? '')).toMatchObject({ event: { rack: 'r7', host: HOST } });
  });

  test('begins and ends with a note, and says every ten seconds that nothing came', async () => {
    const made = recorder();
    await written(made);
    for (let second = 0; second < 21; second++) {
      clock.advance(1_000);
      await written(made);
    }
    await made.close();
    const kinds = notes((await lines()).lines).map(({ note }) => note);
    expect(kinds).toEqual(['began', 'alive', 'alive', 'ended']);
  });

  test('stalls of the master and a wall clock that was set', async () => {
    const made = recorder();
    made.stalled(7_000.4);
    clock.setWall(START_MS - 3_600_000);
    made.record([event('disk')]);
    await made.close();
    const found = (await lines()).lines;
    expect(found.slice(1)).toMatchObject([
      { note: 'stalled', ms: 7000 },
      { note: 'clock', ms: -3_600_000 },
      { event: { service: 'disk' }, at: START_S - 3600 },
      { note: 'ended' },
    ]);
  });

  test('the records as they stand when the store is read, and what others do to them', async () => {
    const on: HostRecord = { ...emptyRecord, 'managed-flag': 'on' };
    const manual: HostRecord = { ...on, 'manual-events': { manual: { state: 'critical', time: START_S } } };
    const records = [entry('a1.example', on), entry('a2.example', manual)];
    const made = recorder({ records: () => records });
    made.record([event('before')]);
    await written(made);
    made.storeWhole();
    records.push(entry('a3.example', on));
    made.record([event('after')]);
    await written(made);
    const change = (before: HostRecord | undefined, after: HostRecord | undefined): ReplicaChange => ({
      host: HOST,
      before: before && entry(HOST, before),
      after: after && entry(HOST, after),
      kind: 'record',
      deletion: undefined,
      initial: false,
    });
    made.changed(change(on, { ...on, 'managed-flag': 'off' }));
    made.changed(change(undefined, on));
    made.changed(change(on, manual));
    made.changed(change(manual, undefined));
    await made.close();
    const found = (await lines()).lines;
    expect(found.slice(1, 3)).toMatchObject([{ event: { service: 'before' } }, { note: 'records' }]);
    expect(found[6]).toMatchObject({ event: { service: 'after' } });
    const told = notes(found).slice(1);
    expect(told).toMatchObject([
      { note: 'records' },
      { note: 'record', host: 'a1.example', record: on, snapshot: true },
      { note: 'record', host: 'a2.example', record: manual, snapshot: true },
      { note: 'whole' },
      { note: 'record', host: 'a1.example', record: manual },
      { note: 'record', host: 'a1.example', record: null },
      { note: 'ended' },
    ]);
    expect(told[4]).not.toHaveProperty('snapshot');
  });
});

describe('files', () => {
  test('are for the owner alone, and a new one is begun by size, with the records at its head', async () => {
    const made = recorder({ fileBytes: 3_000, records: () => [entry('a1.example', emptyRecord)] });
    made.storeWhole();
    for (let at = 0; at < 30; at++) {
      made.record([event(`service-${at}`, { description: 'x'.repeat(300) })]);
      await written(made);
    }
    await made.close();
    const found = await names();
    expect(found.length).toBeGreaterThan(3);
    for (const name of found) {
      const path = join(folder, 'rec', name);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect((await readFile(path, 'utf8')).match(/"note":"whole"/g)).toHaveLength(1);
    }
    expect((await stat(join(folder, 'rec'))).mode & 0o777).toBe(0o700);
    expect(events((await lines()).lines).map(({ event: { service } }) => service)).toEqual(
      Array.from({ length: 30 }, (_, at) => `service-${at}`),
    );
  });

  test('records that are more than a file holds begin no file after the other', async () => {
    const records = Array.from({ length: 5_000 }, (_, at) => entry(`a${at}.example`, emptyRecord));
    const made = recorder({ fileBytes: 20_000, records: () => records });
    made.storeWhole();
    made.record([event('first')]);
    await written(made);
    for (let at = 0; at < 10; at++) {
      made.record([event(`service-${at}`)]);
      await written(made);
    }
    await made.close();
    expect(await names()).toHaveLength(1);
    expect(notes((await lines()).lines).filter(({ note }) => note === 'record')).toHaveLength(5_000);
  });

  test('a new one every hour; closed ones are packed, and read as before', async () => {
    const made = recorder({ gzip: true });
    made.record([event('first')]);
    await written(made);
    clock.advance(3_600_000);
    made.record([event('second')]);
    await written(made);
    await made.close();
    expect((await names()).map((name) => name.endsWith('.gz'))).toEqual([true, false]);
    for (const name of await names()) expect((await stat(join(folder, 'rec', name))).mode & 0o777).toBe(0o600);
    expect(events((await lines()).lines).map(({ event: { service } }) => service)).toEqual(['first', 'second']);
  });

  test('the oldest go when they are too old', async () => {
    const made = recorder({ keepMs: 2 * 3_600_000 });
    for (let hour = 0; hour < 6; hour++) {
      if (hour > 0) clock.advance(3_600_000);
      made.record([event(`hour-${hour}`)]);
      await written(made);
    }
    await made.close();
    const kept = events((await lines()).lines).map(({ event: { service } }) => service);
    expect(kept.at(-1)).toBe('hour-5');
    expect(kept).not.toContain('hour-1');
    expect(kept).toContain('hour-3');
  });

  test('and when all are too much: the folder never holds more', async () => {
    const maxBytes = 100_000;
    const made = recorder({ maxBytes });
    for (let at = 0; at < 300; at++) {
      made.record([event(`service-${at}`, { description: 'x'.repeat(1_000) })]);
      await written(made);
    }
    await made.close();
    const sizes = await Promise.all((await names()).map(async (name) => (await stat(join(folder, 'rec', name))).size));
    expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(maxBytes);
    const kept = events((await lines()).lines);
    expect(kept.length).toBeGreaterThan(50);
    expect(kept.at(-1)?.event.service).toBe('service-299');
  });

  test('after a crash between packing and removing, a file counts once', async () => {
    const made = recorder({ gzip: true });
    made.record([event('first')]);
    await written(made);
    clock.advance(3_600_000);
    await written(made);
    await made.close();
    const [packed = ''] = await names();
    await writeFile(join(folder, 'rec', packed.replace('.gz', '')), 'half');
    await writeFile(join(folder, 'rec', `${packed}.tmp`), 'half');
    expect(events((await lines()).lines)).toHaveLength(1);
    clock.advance(1_000);
    const again = recorder({ gzip: true });
    await written(again);
    await again.close();
    expect((await names()).filter((name) => name.startsWith(packed.slice(0, -3)))).toEqual([packed]);
  });
});

describe('what goes wrong', () => {
  test('a torn last line is skipped and told, and so is what is no line of a recording', async () => {
    const made = recorder();
    made.record([event('whole'), event('torn')]);
    await written(made);
    const [name = ''] = await names();
    const path = join(folder, 'rec', name);
    await truncate(path, (await stat(path)).size - 20);
    expect(events((await lines()).lines).map(({ event: { service } }) => service)).toEqual(['whole']);
    expect((await lines()).remarks).toEqual([`${path}: its last line is torn: skipped`]);
    await appendFile(path, '\n[1]\n{"at":"x","event":{}}\n{"at":1,"note":"strange"}\n');
    expect((await lines()).remarks).toEqual([`${path}: 4 lines are of no recording: skipped`]);
    await made.close();
  });

  test('what finds no room is counted and noted where it is missing; the intake does not wait', async () => {
    const made = recorder({ maxWaitingBytes: 10_000 });
    const many = Array.from({ length: 100 }, (_, at) => event(`service-${at}`));
    made.record(many);
    expect(lost).toBeGreaterThan(40);
    expect(lost).toBeLessThan(70);
    await written(made);
    made.record([event('after')]);
    await made.close();
    const found = (await lines()).lines;
    expect(events(found)).toHaveLength(101 - lost);
    expect(notes(found).filter(({ note }) => note === 'dropped')).toMatchObject([{ events: lost }]);
    expect(events(found).at(-1)?.event.service).toBe('after');
  });

  test('while the folder can not be written events wait, and it is tried again', async () => {
    await writeFile(join(folder, 'rec'), 'in the way');
    const made = recorder();
    made.record([event('waits')]);
    await written(made);
    expect(made.waiting).toBeGreaterThan(0);
    await rm(join(folder, 'rec'));
    await written(made);
    expect(made.waiting).toBeGreaterThan(0);
    clock.advance(5_000);
    await written(made);
    expect(made.waiting).toBe(0);
    await made.close();
    expect(events((await lines()).lines).map(({ event: { service } }) => service)).toEqual(['waits']);
    expect(lost).toBe(0);
  });

  test('changes of records wait within the same bound; the records in a new file make up for what is missing', async () => {
    await writeFile(join(folder, 'rec'), 'in the way');
    const of = (time: number): HostRecord => ({
      ...emptyRecord,
      'manual-events': { manual: { state: 'critical', time } },
    });
    const records = [entry('a1.example', of(0))];
    const made = recorder({ maxWaitingBytes: 20_000, records: () => records });
    made.storeWhole();
    for (let time = 1; time <= 2_000; time++) {
      const [before] = records;
      records[0] = entry('a1.example', of(time));
      made.changed({ host: HOST, before, after: records[0], kind: 'record', deletion: undefined, initial: false });
    }
    expect(made.waiting).toBeLessThan(300);
    await rm(join(folder, 'rec'));
    for (let round = 0; round < 3; round++) {
      clock.advance(5_000);
      await written(made);
    }
    await made.close();
    const last = notes((await lines()).lines).findLast(({ note }) => note === 'record');
    expect(last).toMatchObject({ snapshot: true, record: of(2_000) });
  });

  test('a folder without a recording is told', async () => {
    await expect(lines(folder)).rejects.toThrow(NoRecordingError);
  });
});
