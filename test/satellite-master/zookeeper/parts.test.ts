import { describe, expect, it } from 'vitest';
import { parseConnectString } from '../../../satellite-master/zookeeper/connect-string.ts';
import { refusal } from '../../../satellite-master/zookeeper/errors.ts';
import { Fifo } from '../../../satellite-master/zookeeper/fifo.ts';
import { FrameReader } from '../../../satellite-master/zookeeper/frames.ts';
import { Heartbeat } from '../../../satellite-master/zookeeper/heartbeat.ts';
import { isPath } from '../../../satellite-master/zookeeper/path.ts';
import { ServerTurns } from '../../../satellite-master/zookeeper/server-turns.ts';
import { setWatches } from '../../../satellite-master/zookeeper/wire.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';

describe('a connect string', () => {
  it.each([
    ['a', [{ host: 'a', port: 2181 }], ''],
    [
      'a:1,b.example.org:65535',
      [
        { host: 'a', port: 1 },
        { host: 'b.example.org', port: 65_535 },
      ],
      '',
    ],
    [
      ' a:1, b:2 /',
      [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
      '',
    ],
    ['a/satellite-prod', [{ host: 'a', port: 2181 }], '/satellite-prod'],
    [
      'zk://a:1,b:2/x/y/',
      [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
      '/x/y',
    ],
    [
      '[::1]:2182,[2001:db8::7]',
      [
        { host: '::1', port: 2182 },
        { host: '2001:db8::7', port: 2181 },
      ],
      '',
    ],
  ])('%j is read', (text, servers, chroot) => {
    expect(parseConnectString(text)).toEqual({ servers, chroot });
  });

  it.each(['', '/x', ',', 'a:', 'a:0', 'a:65536', 'a:x', 'a b', '::1:2181', 'a//x', 'a/../x'])(
    '%j is refused',
    (text) => {
      expect(() => parseConnectString(text)).toThrow(/ZooKeeper/);
    },
  );

  it.each(['a:2181/x,b:2181/x', 'a/x,b:2181/x', 'a:2181/x,b:2181'])(
    'a chroot behind a server before the last is an error with the right form: %j',
    (text) => {
      expect(() => parseConnectString(text)).toThrow(/expected "a[:0-9]*,b:2181\/x"/);
    },
  );
});

describe('a path', () => {
  it.each(['/', '/a', '/a/b.c_d-e', '/ä', '/a/...'])('%j is one', (path) => expect(isPath(path)).toBe(true));
  it.each(['', 'a', '/a/', '//', '/a//b', '/.', '/a/..', '/a/./b', '/\u0000', '/a\u007f', '/\ud800'])(
    '%j is none',
    (path) => expect(isPath(path)).toBe(false),
  );
});

describe('frames', () => {
  const frame = (text: string) => Buffer.concat([Buffer.from([0, 0, 0, text.length]), Buffer.from(text)]);

  it('are the same however the stream is cut', () => {
    const stream = Buffer.concat(['', 'a', 'hello', ''.padEnd(200, 'x')].map(frame));
    for (let size = 1; size <= stream.length; size++) {
      const reader = new FrameReader();
      const seen: string[] = [];
      for (let at = 0; at < stream.length; at += size)
        for (const read of reader.push(stream.subarray(at, at + size))) seen.push(read.toString('utf8', 4));
      expect(seen).toEqual(['', 'a', 'hello', ''.padEnd(200, 'x')]);
    }
  });

  it('of a length that makes no sense are refused', () => {
    expect(() => new FrameReader().push(Buffer.from([0xff, 0, 0, 0]))).toThrow();
    expect(() => new FrameReader().push(Buffer.from([0x7f, 0, 0, 0]))).toThrow();
  });
});

describe('a queue', () => {
  it('gives in the order it took', () => {
    const queue = new Fifo<number>();
    const seen: (number | undefined)[] = [];
    for (let n = 0; n < 10; n++) {
      queue.push(2 * n);
      queue.push(2 * n + 1);
      seen.push(queue.shift());
    }
    for (let n = 0; n < 11; n++) seen.push(queue.shift());
    expect(seen).toEqual([...Array(20).keys(), undefined]);
  });
});

describe('setting watches again', () => {
  it('takes as many requests as keep below the limit of the server, and leaves none out', () => {
    const paths = Array.from({ length: 30_000 }, (_, n) => `/satellite/whitelist/host-${n}.example.org`);
    const sizes = [...setWatches(Buffer.alloc(8), { data: paths, exists: ['/e'], children: ['/c'] })].map(
      ({ payload }) => payload?.byteLength() ?? 0,
    );
    expect(Math.max(...sizes)).toBeLessThan(110_000);
    const all = [...paths, '/e', '/c'].reduce((sum, path) => sum + 4 + Buffer.byteLength(path), 0);
    // Each has a zxid and the lengths of three lists besides.
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(all + 20 * sizes.length);
  });

  it('is nothing where there is none', () => {
    expect([...setWatches(Buffer.alloc(8), { data: [], exists: [], children: [] })]).toEqual([]);
  });
});

describe('the heartbeat', () => {
  it('pings each third of the timeout, and tells of silence after two thirds', () => {
    const clock = new ManualClock();
    const heartbeat = new Heartbeat(clock);
    const pings: number[] = [];
    const silences: number[] = [];
    heartbeat.start({
      timeoutMs: 6_000,
      handshakeMs: 0,
      ping: () => {
        pings.push(clock.monoMs());
        if (clock.monoMs() < 10_000) heartbeat.echoed();
      },
      silent: (silentMs) => silences.push(silentMs),
    });
    clock.advance(13_500);
    expect(pings).toEqual([1_000, 3_000, 5_000, 7_000, 9_000, 11_000]);
    expect(silences).toEqual([4_000]);
    heartbeat.stop();
    clock.advance(10_000);
    expect(pings).toHaveLength(6);
  });

  it('knows when the server has heard of us for certain', () => {
    const clock = new ManualClock();
    const heartbeat = new Heartbeat(clock);
    clock.advance(50);
    heartbeat.start({ timeoutMs: 6_000, handshakeMs: 20, ping: () => undefined, silent: () => undefined });
    expect(heartbeat.lastAnsweredPingMs).toBe(20);
    // Two pings, at 1,050 and 3,050, are on their way when the first echo comes.
    clock.advance(3_500);
    heartbeat.echoed();
    expect(heartbeat.lastAnsweredPingMs).toBe(1_050);
    heartbeat.answered(700);
    heartbeat.echoed();
    expect(heartbeat.lastAnsweredPingMs).toBe(1_050);
    heartbeat.answered(3_200);
    expect(heartbeat.lastAnsweredPingMs).toBe(3_200);
  });

  it('does not blame the server when the process itself was held up', () => {
    let nowMs = 0;
    let beat = () => {};
    const heartbeat = new Heartbeat({
      wallMs: () => nowMs,
      monoMs: () => nowMs,
      after: () => ({ cancel() {} }),
      every: (_, task) => {
        beat = task;
        return { cancel() {} };
      },
    });
    const heard: string[] = [];
    heartbeat.start({
      timeoutMs: 6_000,
      handshakeMs: 0,
      ping: () => heard.push('ping'),
      silent: () => heard.push('silent'),
    });
    nowMs = 5_500;
    beat();
    expect(heard).toEqual(['ping']);
    nowMs = 6_500;
    beat();
    expect(heard).toEqual(['ping', 'silent']);
  });
});

describe('the turns of the servers', () => {
  const servers = ['a', 'b', 'c'].map((host) => ({ host, port: 2181 }));

  it('give each server once without a pause, and then with one that grows', () => {
    const turns = new ServerTurns(servers);
    const seen = Array.from({ length: 9 }, () => turns.next());
    for (const from of [0, 3, 6])
      expect(new Set(seen.slice(from, from + 3).map(({ server }) => server?.host))).toEqual(new Set(['a', 'b', 'c']));
    const delays = seen.map(({ delayMs }) => delayMs);
    expect(delays.slice(0, 3)).toEqual([0, 0, 0]);
    expect(Math.min(...delays.slice(3))).toBeGreaterThanOrEqual(50);
    expect(delays[8]).toBeGreaterThanOrEqual(500);
    expect(Math.max(...delays)).toBeLessThanOrEqual(1_000);
  });

  it('begin anew after a connection that lived, and not after one that was cut at once', () => {
    const turns = new ServerTurns(servers);
    for (let turn = 0; turn < 3; turn++) turns.next();
    turns.lived(10);
    expect(turns.next().delayMs).toBeGreaterThan(0);
    turns.lived(60_000);
    expect([1, 2, 3].map(() => turns.next().delayMs)).toEqual([0, 0, 0]);
    expect(turns.next().delayMs).toBeLessThanOrEqual(100);
  });

  it('do not begin with the same server everywhere', () => {
    const firsts = new Set(Array.from({ length: 100 }, () => new ServerTurns(servers).next().server?.host));
    expect(firsts.size).toBe(3);
  });
});

describe('an error code', () => {
  it.each([
    [-101, 'no-node'],
    [-102, 'no-auth'],
    [-103, 'bad-version'],
    [-110, 'node-exists'],
    [-111, 'not-empty'],
    [-112, 'unavailable'],
    [-125, 'refused'],
    [-99_999, 'refused'],
  ])('%i is %s, and is kept', (code, kind) => {
    expect(refusal(code, '/x')).toMatchObject({ name: 'ZooKeeperError', kind, code, path: '/x' });
    expect(refusal(code, '/x').message).toContain(String(code));
  });
});
