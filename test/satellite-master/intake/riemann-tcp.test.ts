import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { RiemannTcpLimits } from '../../../satellite-master/intake/riemann-tcp.ts';
import type { Clock } from '../../../shared/clock.ts';
import { decodeMessage } from '../../../shared/riemann/decode.ts';
import { encodeFrame, encodeMessage } from '../../../shared/riemann/encode.ts';
import type { RiemannEvent } from '../../../shared/riemann/message.ts';
import { aClock } from '../../support/harness.ts';
import { RiemannClient, type RiemannMaster, startRiemann } from '../../support/riemann.ts';
import { until } from '../../support/until.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function start(limits: Partial<RiemannTcpLimits> = {}, clock?: Clock): Promise<RiemannMaster> {
  const master = await startRiemann(limits, clock);
  open.push(master);
  return master;
}

async function connectTo({ port }: RiemannMaster): Promise<RiemannClient> {
  const client = await RiemannClient.connect(port);
  open.push(client);
  return client;
}

const frame = (...events: readonly RiemannEvent[]) => encodeFrame({ events });
const queryFrame = (query: string) => encodeFrame({ query, events: [] });
const hostsIn = (answer: Buffer | undefined) =>
  answer ? decodeMessage(answer).events.map(({ host }) => host) : undefined;
const OK = '1001';

describe('a client over TCP', () => {
  test('gets its answers in the order of its messages, queries among them', async () => {
    const client = await connectTo(await start());
    const parts: Buffer[] = [];
    for (let n = 0; n < 50; n++) parts.push(frame({ host: `h${n}`, service: 's' }), queryFrame(`host = "h${n}"`));
    client.socket.write(Buffer.concat(parts));
    await client.untilAnswers(100);
    expect(client.answers.filter((_, n) => n % 2 === 0).every((answer) => answer.toString('hex') === OK)).toBe(true);
    expect(client.answers.filter((_, n) => n % 2 === 1).map((answer) => hostsIn(answer)?.join())).toEqual(
      Array.from({ length: 50 }, (_, n) => `h${n}`),
    );
  });

  test('is answered for what stood before garbage, then closed', async () => {
    const master = await start();
    const client = await connectTo(master);
    client.socket.write(
      Buffer.concat([
        frame({ host: 'h', service: 's' }),
        Buffer.from('00000002320a', 'hex'),
        frame({ host: 'i', service: 's' }),
      ]),
    );
    await client.untilClosed();
    expect(client.answers.map((answer) => answer.toString('hex'))).toEqual([OK]);
    expect(master.heard.map(({ host }) => host)).toEqual(['h']);
    expect(await master.counted('riemann_cut_total', 'garbage')).toBe(1);
  });

  test('has nothing taken of a message that is broken anywhere in it', async () => {
    const master = await start();
    const client = await connectTo(master);
    const good = encodeMessage({ events: [{ host: 'h', service: 's' }] });
    const bad = Buffer.concat([good, Buffer.from('32021a05', 'hex')]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bad.length);
    client.socket.write(Buffer.concat([length, bad]));
    await client.untilClosed();
    expect(master.heard).toEqual([]);
  });

  test('may send a message of 20 MB, as Riemann lets it; beyond 32 MiB it is cut off at the announcement', async () => {
    const master = await start();
    const client = await connectTo(master);
    const padding = 'ok'.padEnd(74, '-padding');
    const events = Array.from({ length: 200_000 }, (_, n) => ({
      time: 1_795_000_000,
      state: padding,
      service: `s${n}`,
      host: 'p14',
      metric: 5,
    }));
    client.socket.write(encodeFrame({ events }));
    await client.untilAnswers(1);
    expect(client.answers[0]?.toString('hex')).toBe(OK);
    client.socket.write(Buffer.from('02000001', 'hex'));
    await client.untilClosed();
    expect(await master.counted('riemann_cut_total', 'too-large')).toBe(1);
  });

  test('that closes its half after a query is answered all the same', async () => {
    const client = await connectTo(await start());
    client.socket.end(Buffer.concat([frame({ host: 'h', service: 's' }), queryFrame('true')]));
    await client.untilClosed();
    expect(client.answers.map(hostsIn)).toEqual([[], ['h']]);
  });

  test('is told where its query is wrong, and goes on', async () => {
    const client = await connectTo(await start());
    expect(await client.ask({ query: 'host = ' })).toEqual({
      ok: false,
      error: 'parse error: column 8: expected a field or a value, found the end',
      events: [],
    });
    expect(await client.query('true')).toEqual([]);
  });

  test('that reads no answers is not read either, and cut off in the end', async () => {
    const clock = aClock();
    const master = await start({ slowMs: 10_000 }, clock);
    const sender = await connectTo(master);
    for (let n = 0; n < 200; n++)
      await sender.ask({ events: [{ host: `h${n}`, service: 's', description: 'x'.repeat(4096) }] });
    const client = await connectTo(master);
    client.socket.pause();
    const after = vi.spyOn(clock, 'after');
    for (let n = 0; n < 100; n++) client.socket.write(queryFrame('true'));
    await until(() => after.mock.calls.length > 0, { what: 'the server to wait for its client' });
    clock.advance(9_999);
    expect(await master.counted('riemann_cut_total', 'slow')).toBe(0);
    clock.advance(1);
    await until(async () => (await master.counted('riemann_cut_total', 'slow')) === 1, { what: 'the cut' });
    await until(async () => (await master.counted('riemann_connections ')) === 1, { what: 'it to be gone' });
    expect(await sender.query('host = "h7"')).toHaveLength(1);
  });

  test('gets a refusal in place of an answer without bounds', async () => {
    const client = await connectTo(await start({ answerBytes: 100 }));
    await client.ask({ events: Array.from({ length: 20 }, (_, n) => ({ host: `h${n}`, service: 's' })) });
    expect(await client.ask({ query: 'true' })).toMatchObject({ ok: false, error: /larger than 100 bytes/ });
    expect(await client.query('host = "h1"')).toHaveLength(1);
  });

  test('is one of so many, and holds unfinished messages only within the memory of all', async () => {
    const master = await start({ connections: 2, memoryBytes: 200_000 });
    const [first, second] = [await connectTo(master), await connectTo(master)];
    const third = await connectTo(master);
    await third.untilClosed();
    first.socket.write(Buffer.concat([Buffer.from('00100000', 'hex'), Buffer.alloc(90_000)]));
    await until(async () => (await master.counted('riemann_connections ')) === 2, { what: 'two clients' });
    second.socket.write(Buffer.concat([Buffer.from('00100000', 'hex'), Buffer.alloc(90_000)]));
    await until(() => first.closed || second.closed, { what: 'one of them to be cut off' });
    expect(await master.counted('riemann_cut_total', 'overloaded')).toBe(1);
  });

  test('has its answers when the service closes', async () => {
    const master = await start();
    const client = await connectTo(master);
    await client.ask({ events: [{ host: 'h', service: 's' }] });
    // Longer than the test may take: it does not wait for its deadline.
    await master.close(600_000);
    await client.untilClosed();
  });

  test('hears of a fault behind the intake, and goes on', async () => {
    let faults = 1;
    const master = await startRiemann({}, undefined, () => {
      if (faults-- > 0) throw new Error('no room');
      return [];
    });
    open.push(master);
    const client = await connectTo(master);
    expect(await client.ask({ events: [{ service: 's' }] })).toEqual({ ok: false, error: 'no room', events: [] });
    expect(await client.ask({ events: [{ service: 's' }] })).toEqual({ ok: true, events: [] });
  });
});

describe('an event from the wire', () => {
  const clock = aClock();
  const nowS = clock.wallMs() / 1000;

  test.each<[string, RiemannEvent, RiemannEvent]>([
    ['without time and ttl gets now and 60 s', { service: 's' }, { service: 's', time: nowS, ttl: 60 }],
    ['more than 5 s ahead is of now', { service: 's', time: nowS + 6, ttl: 1 }, { service: 's', time: nowS, ttl: 1 }],
    ['with an empty state keeps it', { service: 's', state: '' }, { service: 's', state: '', time: nowS, ttl: 60 }],
    [
      'that is a test and has an empty state has none',
      { host: 'h', service: 'mesos/slave/s', state: '' },
      { host: 'h', service: 'mesos/slave/s', time: nowS, ttl: 60 },
    ],
    [
      'with a metric that is no number has none',
      { service: 's', metric: Number.NaN },
      { service: 's', time: nowS, ttl: 60 },
    ],
    [
      'keeps everything else; a long description is cut',
      {
        host: 'h',
        service: 's',
        state: 'ok',
        time: 5,
        ttl: 7,
        metric: 1.5,
        description: 'x'.repeat(5000),
        tags: ['a'],
        attributes: { k: 'v' },
      },
      {
        host: 'h',
        service: 's',
        state: 'ok',
        time: 5,
        ttl: 7,
        metric: 1.5,
        description: 'x'.repeat(4096),
        tags: ['a'],
        attributes: { k: 'v' },
      },
    ],
  ])('%s', async (_, sent, taken) => {
    const master = await start({}, clock);
    await (await connectTo(master)).ask({ events: [sent] });
    expect(master.heard).toEqual([taken]);
  });

  test.each<[string, RiemannEvent]>([
    ['host', { host: '-bad-', service: 's' }],
    ['host', { host: '', service: 's' }],
    ['service', { host: 'h' }],
    ['service', { host: 'h', service: 'a\nb' }],
    ['service', { host: 'h', service: 'x'.repeat(1025) }],
  ])('with an unfit %s is dropped and counted, and the rest of its message is taken', async (part, unfit) => {
    const master = await start();
    const client = await connectTo(master);
    expect(await client.ask({ events: [{ service: 'before' }, unfit, { service: 'behind' }] })).toEqual({
      ok: true,
      events: [],
    });
    expect(master.heard.map(({ service }) => service)).toEqual(['before', 'behind']);
    expect(await master.counted('riemann_unfit_events_total', part)).toBe(1);
    expect(await master.counted('events_accepted_total')).toBe(2);
  });

  test.each<[string, RiemannEvent, RiemannEvent]>([
    ['state', { service: 's', state: 'x'.repeat(1025) }, { service: 's', state: 'x'.repeat(1024) }],
    ['time', { service: 's', time: -1 }, { service: 's' }],
    ['ttl', { service: 's', ttl: 0 }, { service: 's' }],
    ['ttl', { service: 's', ttl: Number.POSITIVE_INFINITY }, { service: 's' }],
    ['tags', { service: 's', tags: Array<string>(33).fill('t') }, { service: 's', tags: Array<string>(32).fill('t') }],
    ['tags', { service: 's', tags: ['x'.repeat(1025)] }, { service: 's', tags: ['x'.repeat(1024)] }],
    [
      'attributes',
      { service: 's', attributes: { by: 'me', '': 'x', '\n': 'x', k: 'v' } },
      { service: 's', attributes: { k: 'v' } },
    ],
    ['attributes', { service: 's', attributes: { by: 'me' } }, { service: 's' }],
    [
      'attributes',
      { service: 's', attributes: { k: 'é'.repeat(513) } },
      { service: 's', attributes: { k: 'é'.repeat(512) } },
    ],
    [
      'attributes',
      { service: 's', attributes: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`k${n}`, ''])) },
      { service: 's', attributes: Object.fromEntries(Array.from({ length: 32 }, (_, n) => [`k${n}`, ''])) },
    ],
    [
      'attributes',
      {
        service: 's',
        metric: 1,
        attributes: { metric: '5', time: 'now', ttl: '9', tags: 'x', host: 'h', service: 'r' },
      },
      { service: 's', metric: 1 },
    ],
  ])('beyond the bound of its %s is kept, cut to fit, and counted', async (part, sent, kept) => {
    const master = await start({}, clock);
    await (await connectTo(master)).ask({ events: [sent] });
    expect(master.heard).toEqual([{ time: nowS, ttl: 60, ...kept }]);
    expect(await master.counted('events_cut_total', part)).toBe(1);
    expect(await master.counted('riemann_unfit_events_total')).toBe(0);
  });

  test('whose attributes are named like fields of text has them there, as in Riemann; never where a number belongs', async () => {
    const master = await start({}, clock);
    const client = await connectTo(master);
    const attributes = { state: 'critical', description: 'd', metric: '5', ttl: '9', time: '3', tags: 't', rack: 'r1' };
    await client.ask({ events: [{ host: 'h', service: 's', state: 'ok', attributes }] });
    const [told] = await client.query('service = "s"');
    expect(told).toEqual({
      host: 'h',
      service: 's',
      state: 'critical',
      description: 'd',
      time: Math.floor(nowS),
      ttl: 60,
      attributes: { rack: 'r1' },
    });
  });

  test('with an empty state is found by it, also when it is heard again; one without a state is not', async () => {
    const master = await start({}, clock);
    const client = await connectTo(master);
    const events = [{ service: 'empty', state: '' }, { service: 'none' }];
    for (let round = 0; round < 2; round++) {
      await client.ask({ events });
      expect((await client.query('state = ""')).map(({ service }) => service)).toEqual(['empty']);
      expect((await client.query('state = nil')).map(({ service }) => service)).toEqual(['none']);
    }
  });

  test('with microseconds is answered with them', async () => {
    const master = await start({}, clock);
    const client = await connectTo(master);
    client.socket.write(encodeFrame({ events: [{ service: 's', time: 1_234.567891 }] }, true));
    await client.untilAnswers(1);
    expect(await client.query('true')).toMatchObject([{ time: 1_234.567891 }]);
  });

  test('counts as a test below the prefix, and without a host never reaches the whitelist', async () => {
    const master = await start();
    const client = await connectTo(master);
    await client.ask({
      events: [
        { service: 'mesos/slave/disk', state: 'critical' },
        { host: 'h1', service: 'mesos/slave/disk', state: 'critical' },
        { host: 'h2', service: 'disk', state: 'critical' },
      ],
    });
    expect([...master.presence.heard()]).toEqual(['h1']);
    expect(await client.query('host = nil')).toMatchObject([{ service: 'mesos/slave/disk', state: 'critical' }]);
  });
});

describe('a datagram', () => {
  test('is one message; garbage and more than 16 KiB are dropped and counted', async () => {
    const master = await start();
    const socket = createSocket('udp4');
    open.push(socket);
    const send = (bytes: Buffer) => socket.send(bytes, master.udpPort, '127.0.0.1');
    const many = (count: number) =>
      encodeMessage({ events: Array.from({ length: count }, (_, n) => ({ host: 'h', service: `s${n}` })) });
    send(Buffer.from('ffff', 'hex'));
    send(many(2000));
    send(many(100));
    await until(() => master.heard.length === 100, { what: 'the events of the last datagram' });
    expect(await master.counted('riemann_datagrams_dropped_total', 'garbage')).toBe(1);
    expect(await master.counted('riemann_datagrams_dropped_total', 'too-large')).toBe(1);
  });
});
