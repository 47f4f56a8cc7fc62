import { describe, expect, test } from 'vitest';
import { fileKeeper } from '../../../satellite-master/leadership/file-keeper.ts';
import { FileKeeperWatch, SETTLE_MS } from '../../../satellite-master/leadership/file-keeper-watch.ts';
import type { MasterEntry, MesosBeside } from '../../../satellite-master/leadership/master-entry.ts';
import type { Event } from '../../../shared/event.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { silentLog } from '../../../shared/log.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';

const LEADER = 'http://10.0.0.1:5050';
const beside = (elected: boolean | null, leader: string | null = LEADER): MesosBeside => ({
  url: 'http://localhost:5050',
  id: null,
  elected,
  leader,
});
const master = (id: string, mesos: MesosBeside | null, store = 'whole'): MasterEntry => ({
  id,
  url: `http://${id}:5001`,
  version: '1',
  mesos,
  leads: false,
  store,
  file: { state: 'published', age: 1 },
  hostsHeard: 3,
  clockOffset: 0,
});

describe('who keeps the file beside the leading mesos-master', () => {
  test.each<[string, MasterEntry, readonly MasterEntry[] | undefined, object]>([
    ['the one whose mesos-master is elected', master('m1', beside(true)), [], { kind: 'kept', by: 'm1' }],
    ['also when it is another', master('m1', beside(false)), [master('m2', beside(true))], { kind: 'kept', by: 'm2' }],
    [
      'nobody, where only masters beside followers run',
      master('m1', beside(false)),
      [master('m2', beside(false))],
      { kind: 'unkept', reason: `no satellite-master runs beside the leading mesos-master (${LEADER})` },
    ],
    [
      'nobody, where its store is not whole',
      master('m1', beside(false)),
      [master('m2', beside(true), 'lost')],
      { kind: 'unkept', reason: 'the store of m2, beside the leading mesos-master, is lost' },
    ],
    [
      'unknown, where no mesos-master answers',
      master('m1', beside(null, null)),
      [master('m2', beside(null, null))],
      { kind: 'unknown', reason: 'no mesos-master can be asked' },
    ],
    [
      'unknown, where none leads',
      master('m1', beside(false, null)),
      [],
      { kind: 'unknown', reason: 'no mesos-master leads' },
    ],
    [
      'unknown, where the other masters can not be seen',
      master('m1', beside(false)),
      undefined,
      { kind: 'unknown', reason: 'the other masters can not be seen without ZooKeeper' },
    ],
    ['nothing to keep without a Mesos', master('m1', null), [], { kind: 'no-mesos' }],
  ])('%s', (_name, self, others, expected) => {
    expect(fileKeeper({ self, others })).toEqual(expected);
  });
});

describe('the watch', () => {
  test('says so in readiness, in answers and as an event, once it has lasted', () => {
    const clock = new ManualClock(1_795_345_000_000);
    const events: Event[] = [];
    let others = [master('m2', beside(true))];
    const watch = new FileKeeperWatch({
      self: () => master('m1', beside(false)),
      others: () => others,
      publish: (published) => events.push(...published),
      host: 'm1.example' as HostName,
      clock,
      log: silentLog,
    });
    watch.tick();
    expect([watch.text, watch.warning]).toEqual(['kept: by m2', undefined]);
    others = [];
    watch.tick();
    expect(watch.text).toBe('kept: by m2');
    clock.advance(SETTLE_MS);
    watch.tick();
    watch.tick();
    const reason = `no satellite-master runs beside the leading mesos-master (${LEADER})`;
    expect([watch.state.kind, watch.text]).toEqual(['unkept', `file-unkept: ${reason}`]);
    expect(watch.warning).toContain('Mesos does not see this change');
    others = [master('m2', beside(true))];
    watch.tick();
    watch.tick();
    expect(events.map(({ service, state }) => [service, state])).toEqual([
      ['satellite/file-unkept', 'critical'],
      ['satellite/file-unkept', 'ok'],
    ]);
    expect(watch.text).toBe('kept: by m2');
  });
});
