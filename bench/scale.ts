/**
 * 40,000 hosts with 10 tests each in one judgement: the longest turn of the event loop in each phase. A turn counts by
 * the CPU time of the process, so that a busy machine does not look like a long turn.
 * `npm run bench:scale`, or with the number of hosts behind it.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordChannels } from '../satellite-master/alerts/index.ts';
import { createJudgement } from '../satellite-master/judgement/index.ts';
import { rulesSource } from '../satellite-master/rules/engine/index.ts';
import { MemoryStore } from '../satellite-master/whitelist/store/index.ts';
import { systemClock } from '../shared/clock.ts';
import type { Event } from '../shared/event.ts';
import { type HostName, parseHostName } from '../shared/host-name.ts';
import { createLog } from '../shared/log.ts';
import { until } from '../test/support/until.ts';
import { type Figure, printFigures, tenths, under, whole } from './table.ts';

const HOSTS = Number(process.argv[2] ?? 40_000);
const TESTS = 10;
const MAX_TURN_MS = 50;
const TICK_MS = 100;
const RULES = `export default ({ where, service, judgeTests, rule, state, stable, by, offHost, onHost, otherwise }) => [
  where(service(/^mesos\\/slave\\//), judgeTests()),
  rule('gpu', () => where(service('mesos/slave/test-0'), by('host', () => stable(60, 'state', where(state('critical'), offHost(), otherwise(onHost())))))),
];
`;

/** The longest turn since it was asked last, ms. */
class TurnWatch {
  #longestMs = 0;
  #running = true;

  start(): void {
    let cpu = process.cpuUsage();
    let atMs = performance.now();
    const turn = () => {
      const used = process.cpuUsage(cpu);
      const nowMs = performance.now();
      this.#longestMs = Math.max(this.#longestMs, Math.min(nowMs - atMs, (used.user + used.system) / 1000));
      cpu = process.cpuUsage();
      atMs = nowMs;
      if (this.#running) setImmediate(turn);
    };
    turn();
  }

  stop(): void {
    this.#running = false;
  }

  take(): number {
    const longest = this.#longestMs;
    this.#longestMs = 0;
    return longest;
  }
}

const breathe = () => new Promise((resolve) => setImmediate(resolve));

const folder = await mkdtemp(join(tmpdir(), 'satellite-scale-'));
const path = join(folder, 'rules.mjs');
await writeFile(path, RULES);
const clock = systemClock;
const store = new MemoryStore(clock);
const nothing = () => undefined;
const reloaded: string[] = [];
const log = createLog('bench');
log.level = 'silent';
const judgement = createJudgement({
  store,
  leads: () => true,
  settings: { offShare: 0.3, readmitAfter: { firstMs: 60_000, maxMs: 3_600_000 } },
  rules: rulesSource(path),
  effects: {
    openChannels: () => ({
      functions: recordChannels({ clock, self: 'bench', record: nothing }).functions,
      release: () => void reloaded.push('released'),
    }),
    log: nothing,
    forward: nothing,
    stat: nothing,
    tap: nothing,
    fault: (stream, error) => {
      throw new Error(`${stream} threw`, { cause: error });
    },
  },
  self: 'bench',
  clock,
  log,
});
judgement.start();
store.becomeWhole();
const ticker = clock.every(TICK_MS, () => judgement.tick());
const watch = new TurnWatch();
watch.start();

function name(at: number): HostName {
  const host = parseHostName(`agent-${at}.bench.example`);
  if (!host) throw new Error('no host name');
  return host;
}

async function report(state: (at: number) => string): Promise<void> {
  for (let at = 0; at < HOSTS; at++) {
    const host = name(at);
    const time = clock.wallMs() / 1000;
    const events: Event[] = Array.from({ length: TESTS }, (_, test) => ({
      host,
      service: `mesos/slave/test-${test}`,
      state: state(at),
      time,
      ttl: 600,
    }));
    judgement.hub.publish(events, 'report');
    if (at % 20 === 0) await breathe();
  }
  await until(() => judgement.reconciler.settled, { what: 'the reconciler to be done', timeoutMs: 120_000 });
}

const figures: Figure[] = [];
async function phase(what: string, work: () => Promise<void>): Promise<void> {
  await breathe();
  watch.take();
  const fromMs = performance.now();
  await work();
  await breathe();
  const longestMs = watch.take();
  figures.push({
    name: what,
    value: `${tenths(longestMs)} ms`,
    goal: under(longestMs, MAX_TURN_MS, 'ms'),
    note: `${whole(performance.now() - fromMs)} ms in all`,
  });
}

await phase('first reports of all hosts', () => report(() => 'ok'));
await phase('the same reports again', () => report(() => 'ok'));
await phase('reload of the rules', async () => {
  await writeFile(path, `${RULES}// changed\n`);
  judgement.rules.reload('bench');
  await until(() => reloaded.length === 1, { what: 'the reload', timeoutMs: 120_000 });
});
await phase('one host in a hundred goes off', () => report((at) => (at % 100 === 0 ? 'critical' : 'ok')));
await phase('everything is looked at again', async () => {
  judgement.reconciler.markAll();
  await until(() => judgement.reconciler.settled, { what: 'the reconciler', timeoutMs: 120_000 });
});
printFigures(`${whole(HOSTS)} hosts x ${TESTS} tests, the longest turn of the event loop`, figures);
process.stdout.write(`${whole(process.memoryUsage.rss() / 1024 / 1024)} MB resident\n`);
ticker.cancel();
watch.stop();
judgement.stop();
await rm(folder, { recursive: true, force: true });
