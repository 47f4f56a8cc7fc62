/**
 * The master, the replay of its recording and the bench of `satellite/testing` run one composition: the same hour of
 * events makes the same desired flags in all three.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Judgement } from '../../satellite-master/judgement/judgement.ts';
import { createMaster } from '../../satellite-master/master.ts';
import { playBack } from '../../satellite-master/replay/playback.ts';
import type { RecordedLine } from '../../satellite-master/replay/recording-lines.ts';
import { reportedEffects } from '../../satellite-master/replay/reported-effects.ts';
import { SimulatedMaster } from '../../satellite-master/replay/simulated-master.ts';
import { loadRulesModule } from '../../satellite-master/rules/module/module.ts';
import { readMasterSettings } from '../../satellite-master/settings.ts';
import { testRules } from '../../satellite-master/testing/bench.ts';
import type { Event } from '../../shared/event.ts';
import { silentLog } from '../../shared/log.ts';
import { ManualClock } from '../../shared/manual-clock.ts';
import { hosts, START_MS } from '../support/harness.ts';
import { until } from '../support/until.ts';

const NAMES = hosts(6);
const HOUR_S = 3_600;
const BEAT_S = 12;
const START_S = START_MS / 1000;
/** Rules of every kind: the default judgement, a wait, a rule by metric, one that keeps a host as it is. */
const RULES = `export default ({ where, service, judgeTests, rule, by, stable, state, over, under, offHost, onHost, keepHost, otherwise }) => [
  where(service(/^mesos\\/slave\\//), judgeTests()),
  rule('gpu', () => where(service('gpu'), by('host', () => stable(60, 'state', where(state('critical'), offHost(), otherwise(onHost())))))),
  rule('load', () => where(service('load'), over(10, offHost()), under(10.5, onHost()))),
  rule('repair', () => where(service('repair'), keepHost())),
];
`;

/** What a host reports in the given second: each has its own trouble, at its own time. */
function* eventsAt(atS: number): Iterable<Event> {
  const within = (fromS: number, toS: number) => atS >= fromS && atS < toS;
  const event = (host: Event['host'], name: string, state: string, more: Partial<Event> = {}): Event => ({
    ...(host === undefined ? {} : { host }),
    service: name,
    state,
    time: START_S + atS,
    ttl: 60,
    ...more,
  });
  const [ill, silent, gpu, loaded, kept, partly] = NAMES;
  for (const host of NAMES) {
    if (host === silent && within(900, 1_500)) continue;
    yield event(host, 'mesos/slave/disk', host === ill && within(300, 600) ? 'critical' : 'ok');
    if (host === partly && within(1_200, 1_900)) continue;
    yield event(host, 'mesos/slave/net', host === kept && within(2_000, 2_300) ? 'unknown' : 'warning');
  }
  yield event(gpu, 'gpu', within(700, 1_000) ? 'critical' : 'ok');
  yield event(loaded, 'load', 'ok', { metric: within(1_800, 2_400) ? 12 : 2, attributes: { rack: 'r1' } });
  if (within(2_500, 2_600)) yield event(kept, 'repair', 'ok', { ttl: 300 });
}

/** One recorded hour. */
const hour: readonly RecordedLine[] = Array.from({ length: HOUR_S / BEAT_S }, (_, beat) => beat * BEAT_S).flatMap(
  (atS) => Array.from(eventsAt(atS), (event) => ({ at: START_S + atS, event })),
);

type Flags = Pick<Judgement['flags'], 'flag'>;

/** Notes each change of what the rules want, as it is at the end of its moment: `300 h1.example off: disk critical`. */
class Notes {
  readonly #last = new Map<string, string>();
  readonly #byMoment = new Map<string, string>();

  get lines(): string[] {
    return Array.from(this.#byMoment, ([moment, wanted]) => `${moment} ${wanted}`);
  }

  look(atMs: number, flags: Flags): void {
    for (const host of NAMES) {
      const flag = flags.flag(host);
      if (!flag || this.#last.get(host) === `${flag.flag}: ${flag.reason}`) continue;
      this.#last.set(host, `${flag.flag}: ${flag.reason}`);
      this.#byMoment.set(`${(atMs - START_MS) / 1000} ${host}`, `${flag.flag}: ${flag.reason}`);
    }
  }
}

async function ofMaster(folder: string): Promise<string[]> {
  const config = join(folder, 'master.json');
  const settings = {
    'mesos-master-url': null,
    'service-port': 0,
    'data-dir': join(folder, 'data'),
    'local-whitelist-path': join(folder, 'whitelist'),
    'riemann-tcp-server-options': null,
    'riemann-udp-server-options': null,
    streams: join(folder, 'rules.mjs'),
  };
  await writeFile(config, JSON.stringify({ ...settings, 'service-port': 5001 }));
  const clock = new ManualClock(START_MS);
  const compiled = readMasterSettings(config);
  const master = createMaster({ ...compiled, service: { ...compiled.service, port: 0 } }, { clock, log: silentLog });
  await master.start();
  const { hub, flags, replica } = master.judgement;
  await until(() => replica.complete, { what: 'the store to be read' });
  const notes = new Notes();
  flags.onChange(() => notes.look(clock.wallMs(), flags));
  for (const line of hour) {
    if (!('event' in line)) continue;
    while (clock.wallMs() < line.at * 1000) clock.advance(100);
    hub.publish([line.event], 'report');
  }
  const stopped = master.stop(4_000);
  await stopped;
  return notes.lines;
}

async function ofReplay(folder: string): Promise<string[]> {
  const notes = new Notes();
  const nothing = () => undefined;
  async function* batches() {
    yield hour;
  }
  await playBack(batches(), (clock) => {
    const master = new SimulatedMaster({
      settings: { offShare: 0.3, readmitAfter: { firstMs: 60_000, maxMs: 3_600_000 } },
      module: loadRulesModule(join(folder, 'rules.mjs')),
      effects: reportedEffects({ alerted: nothing, forwarded: nothing, logged: nothing, fault: nothing }, 'test'),
      self: 'test',
      clock,
      turned: nothing,
    });
    master.flags.onChange(() => notes.look(clock.wallMs(), master.flags));
    return [master];
  });
  return notes.lines;
}

function ofBench(folder: string): string[] {
  const bench = testRules(join(folder, 'rules.mjs'), { start: new Date(START_MS) });
  const notes = new Notes();
  const flags: Flags = {
    flag: (host) => {
      const flag = bench.wanted(host);
      return flag && { flag, rule: 0, reason: bench.reason(host) ?? '' };
    },
  };
  for (const line of hour) {
    if (!('event' in line)) continue;
    while (bench.now < line.at) {
      bench.advance(0.1);
      notes.look(bench.clock.wallMs(), flags);
    }
    bench.inject(line.event);
    notes.look(bench.clock.wallMs(), flags);
  }
  return notes.lines;
}

test('an hour of events makes the same desired flags in a master, in its replay and on the bench', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'satellite-one-'));
  try {
    await writeFile(join(folder, 'rules.mjs'), RULES);
    const master = await ofMaster(folder);
    expect(master.length).toBeGreaterThan(20);
    expect(await ofReplay(folder)).toEqual(master);
    expect(ofBench(folder)).toEqual(master);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
