import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createJudgement } from '../../../satellite-master/judgement/judgement.ts';
import { rulesSource } from '../../../satellite-master/rules/engine/rules-engine.ts';
import { Forwarding } from '../../../satellite-master/rules/forwarding/forwarding.ts';
import { ForwardQueue } from '../../../satellite-master/rules/forwarding/queue.ts';
import { Metrics } from '../../../satellite-master/stats/metrics.ts';
import { testRules } from '../../../satellite-master/testing/bench.ts';
import { MemoryStore } from '../../../satellite-master/whitelist/store/memory-store.ts';
import { type Clock, systemClock } from '../../../shared/clock.ts';
import { silentLog } from '../../../shared/log.ts';
import { logLines } from '../../satellite-slave/support/log-lines.ts';
import { freePort } from '../../support/free-port.ts';
import { NO_EFFECTS } from '../../support/harness.ts';
import { startRiemann } from '../../support/riemann.ts';
import { until } from '../../support/until.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Waits are a hundred times as short; but a connection has its time. */
const hasty: Clock = {
  ...systemClock,
  after: (delayMs, task) => systemClock.after(delayMs < 5_000 ? delayMs / 100 : delayMs / 10, task),
};

function forwarding(options: { mostWaiting?: number; leads?: () => boolean } = {}) {
  const { log, lines } = logLines();
  const metrics = new Metrics({ ofProcess: false });
  const made = new Forwarding({ leads: () => true, metrics, clock: hasty, log, random: () => 1, ...options });
  closing.push(() => made.close(10));
  const counted = async (name: string) =>
    (await metrics.text()).split('\n').filter((line) => line.startsWith(`satellite_${name}{`));
  return { forwarding: made, lines, counted };
}

async function aMaster() {
  const master = await startRiemann();
  closing.push(() => master.close());
  return master;
}

const event = (service: string, metric: number, host = 'a1.example') => ({ host, service, metric, ttl: 60 });

function forwardingRules(path: string, leads = () => true) {
  const clock = systemClock;
  const metrics = new Metrics({ ofProcess: false });
  const forwarding = new Forwarding({ leads, metrics, clock, log: silentLog });
  const { hub, rules } = createJudgement({
    store: new MemoryStore(clock),
    leads,
    settings: { offShare: 1, readmitAfter: { firstMs: 60_000, maxMs: 60_000 } },
    rules: rulesSource(path),
    effects: {
      ...NO_EFFECTS,
      forward: (address, events) => forwarding.forward(address, events),
      holdForward: (address) => forwarding.hold(address),
      releaseForward: (address) => forwarding.release(address),
    },
    self: 'test',
    clock,
    log: silentLog,
  });
  const close = (deadlineMs: number) => {
    rules.stop();
    return forwarding.close(deadlineMs);
  };
  closing.push(() => close(10));
  const hear = (service: string, metric: number) =>
    hub.publish([{ service, metric, time: clock.wallMs() / 1000, ttl: 60 }], 'report');
  return { side: { rules, close }, hear, metrics };
}

function moduleFile(source: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'forward-')), 'rules.mjs');
  writeFileSync(path, source);
  return path;
}

describe('forward', () => {
  test('from a rules module reaches another master, over one connection however often it is loaded', async () => {
    const master = await aMaster();
    const path = moduleFile(`export default ({ forward, by, where, service }) => [
      forward({ host: '127.0.0.1', port: ${master.port} }),
      where(service('other'), by('host', () => forward('127.0.0.1:${master.port}'))),
    ];`);
    const { side, hear, metrics } = forwardingRules(path);
    hear('load', 1.5);
    await until(() => master.heard.length === 1, { what: 'the event' });
    expect(master.heard).toMatchObject([{ service: 'load', metric: 1.5, ttl: 60 }]);
    side.rules.reload('test');
    hear('other', 2.5);
    await until(() => master.heard.some(({ service }) => service === 'other'), { what: 'the event after a reload' });
    await until(async () => (await metrics.text()).includes('satellite_forwarded_total{outcome="taken"} 3'), {
      what: 'the answer',
    });
    expect(await master.counted('riemann_connections')).toBe(1);
    writeFileSync(path, 'export default () => [];');
    side.rules.reload('test');
    hear('load', 3.5);
    await until(async () => (await master.counted('riemann_connections')) === 0, {
      what: 'the connection to be closed',
    });
    expect(await master.counted('riemann_messages_total', 'tcp')).toBe(2);
  });

  test('what waits at the end is still sent', async () => {
    const master = await aMaster();
    const { side, hear } = forwardingRules(
      moduleFile(`export default ({ forward }) => forward('127.0.0.1:${master.port}');`),
    );
    hear('load', 1);
    await side.close(2_000);
    expect(master.heard).toHaveLength(1);
  });

  test('is for the leader alone', async () => {
    const master = await aMaster();
    const { side, hear } = forwardingRules(
      moduleFile(`export default ({ forward }) => forward('127.0.0.1:${master.port}');`),
      () => false,
    );
    hear('load', 1);
    await side.close(2_000);
    expect(master.heard).toEqual([]);
  });

  test('each event goes, in its order, while the other side is there', async () => {
    const master = await aMaster();
    const { forwarding: to } = forwarding();
    const address = `127.0.0.1:${master.port}`;
    to.hold(address);
    to.forward(
      address,
      [1, 2, 3].map((n) => ({ ...event('load', n), time: Date.now() / 1000 - 4 + n })),
    );
    await until(async () => (await master.counted('events_accepted_total')) === 3, { what: 'all events' });
    expect([...master.hub.live()]).toMatchObject([{ service: 'load', metric: 3 }]);
    expect(await master.counted('riemann_messages_total', 'tcp')).toBe(1);
  });

  test('while it is away the newest of each host and service waits, with one line in the log', async () => {
    const port = await freePort();
    const { forwarding: to, lines, counted } = forwarding();
    const address = `127.0.0.1:${port}`;
    to.hold(address);
    to.forward(address, [event('load', 1), event('load', 2), event('load', 1, 'a2.example')]);
    await until(() => to.waiting === 2, { what: 'the newest to wait' });
    to.forward(address, [event('load', 3), event('disk', 1)]);
    expect(to.waiting).toBe(3);
    await until(async () => (await counted('forwarded_total')).some((line) => Number(line.split(' ')[1]) > 6), {
      what: 'several tries',
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toBe('failed to send forwarded events, trying again');
    const master = await startRiemann({}, systemClock, undefined, port);
    closing.push(() => master.close());
    await until(() => master.heard.length === 3, { what: 'what had waited' });
    expect(master.heard.map(({ host, service, metric }) => `${host} ${service} ${metric}`).sort()).toEqual([
      'a1.example disk 1',
      'a1.example load 3',
      'a2.example load 1',
    ]);
    await until(() => lines.length === 2, { what: 'the word that it works again' });
    expect(await counted('forwarded_total')).toContain('satellite_forwarded_total{outcome="taken"} 3');
  });

  test('is bounded, and what was given up is counted', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const { forwarding: to, counted } = forwarding({ mostWaiting: 10 });
    to.hold(address);
    to.forward(
      address,
      Array.from({ length: 25 }, (_, n) => event(`s${n}`, n)),
    );
    expect(to.waiting).toBe(10);
    expect(await counted('forward_dropped_total')).toEqual(['satellite_forward_dropped_total{reason="overflow"} 15']);
    to.release(address);
    await to.close(10);
    expect(await counted('forward_dropped_total')).toContain('satellite_forward_dropped_total{reason="closed"} 10');
  });

  test('a master that leads no more drops what waits', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    let leads = true;
    const { forwarding: to, counted } = forwarding({ leads: () => leads });
    to.hold(address);
    to.forward(address, [event('load', 1)]);
    leads = false;
    await until(() => to.waiting === 0, { what: 'nothing to wait' });
    expect(await counted('forward_dropped_total')).toContain('satellite_forward_dropped_total{reason="not-leading"} 1');
  });

  test('an event that can not be written is the rule’s fault, and holds up no other', async () => {
    const master = await aMaster();
    const { forwarding: to } = forwarding();
    const address = `127.0.0.1:${master.port}`;
    to.hold(address);
    const unfit = { ...event('load', 1), description: 7 as unknown as string };
    expect(() => to.forward(address, [unfit, event('disk', 1)])).toThrow('description: found 7, expected text');
    await until(() => master.heard.length === 1, { what: 'the other' });
    to.forward(address, [{ ...event('load', 1), description: 'x'.repeat(2 ** 20) }, event('load', 2)]);
    await until(() => master.heard.length === 2, { what: 'the next' });
  });

  test('on the bench is written down under the whole address', () => {
    const bench = testRules(({ forward, sdo }) => sdo(forward('a.example'), forward({ host: '::1', port: 7 })));
    bench.inject({ host: 'a1.example', service: 'x' });
    expect([...bench.forwarded.keys()]).toEqual(['a.example:5555', '[::1]:7']);
  });

  test.each([
    ['a b', 'the host of "a b" must be a host name'],
    ['a.example:70000', 'the port of "a.example:70000" must be a number, 1-65535'],
    ['a.example:', 'the host of "a.example:" must be'],
    [{ host: 'a.example', prot: 1 }, 'has no option "prot"'],
    [{ port: 1 }, 'the host of {"port":1} must be'],
    [7, 'needs the address of a Riemann, not 7'],
  ])('%j is no address', (to, text) => {
    expect(() => testRules(({ forward }) => forward(to as string))).toThrow(text);
  });
});

describe('what waits for an address', () => {
  const parcel = (number: number, service: string) => ({ number, event: { service, metric: number } });
  const metrics = (queue: ForwardQueue) => queue.take(10, 1e6).items.map(({ number }) => number);

  test('that could not be delivered gives way to what came meanwhile', () => {
    const queue = new ForwardQueue(() => undefined);
    queue.add([parcel(1, 'a'), parcel(2, 'b'), parcel(3, 'a')]);
    const { items } = queue.take(10, 1e6);
    queue.add([parcel(4, 'b')]);
    queue.putBack(items);
    expect(metrics(queue).sort()).toEqual([3, 4]);
    expect(queue.size).toBe(0);
  });
});
