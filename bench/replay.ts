/**
 * Writes the recording of a day (hosts x comets once a minute, with hosts that fall ill and come back) and replays it
 * with the built satellite-master; prints how long it took and what it held in memory.
 * `node --import ./test/support/typescript-hooks.mjs bench/replay.ts [HOSTS] [COMETS] [HOURS]`
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { nameOf } from '../satellite-master/replay/recording-files.ts';
import { eventLine, noteLine } from '../satellite-master/replay/recording-lines.ts';
import { parseHostName } from '../shared/host-name.ts';

const [hosts = 1_000, comets = 5, hours = 24] = process.argv.slice(2).map(Number);
const START_S = 1_790_000_000;
/** Of a thousand hosts so many fall ill each hour, for ten minutes. */
const ILL_SHARE = 0.01;

const folder = await mkdtemp(join(tmpdir(), 'satellite-bench-replay-'));
try {
  const names = Array.from({ length: hosts }, (_, at) => parseHostName(`agent-${at}.example`)).filter(
    (name) => name !== undefined,
  );
  let events = 0;
  for (let hour = 0; hour < hours; hour++) {
    const lines: string[] = [];
    const beginS = START_S + hour * 3600;
    if (hour === 0)
      lines.push(
        noteLine(beginS, { note: 'began', version: 'bench' }),
        noteLine(beginS, { note: 'records' }),
        noteLine(beginS, { note: 'whole' }),
      );
    for (let minute = 0; minute < 60; minute++) {
      for (const [at, host] of names.entries()) {
        const arrival = Math.round((beginS + minute * 60 + (at / hosts) * 59) * 1000) / 1000;
        const ill = (at + hour * 17) % Math.round(1 / ILL_SHARE) === 0 && minute >= 10 && minute < 20;
        for (let comet = 0; comet < comets; comet++) {
          const state = ill && comet === 0 ? 'critical' : 'ok';
          const description = ill && comet === 0 ? 'no free space on /var' : undefined;
          const event = {
            host,
            service: `mesos/slave/comet-${comet}`,
            state,
            time: arrival - 0.02,
            ttl: 300,
            metric: 0.5 + comet,
            ...(description ? { description } : {}),
          };
          lines.push(eventLine(arrival, event, false));
          events++;
        }
      }
    }
    await writeFile(join(folder, `${nameOf(beginS * 1000)}.gz`), gzipSync(lines.join(''), { level: 3 }));
  }
  const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size));
  const fromMs = performance.now();
  const child = spawn(process.execPath, ['dist/satellite-master/main.js', '--replay', folder, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let turns = 0;
  let mostKiB = 0;
  child.stdout.on('data', (part: Buffer) => {
    for (const byte of part) if (byte === 10) turns++;
  });
  const looking = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    mostKiB = Math.max(mostKiB, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
  }, 100);
  await once(child, 'close');
  clearInterval(looking);
  const seconds = (performance.now() - fromMs) / 1000;
  const packedMiB = sizes.reduce((a, b) => a + b, 0) / 2 ** 20;
  process.stdout.write(
    `${hosts} hosts x ${comets} comets x ${hours} h: ${events} events, ${packedMiB.toFixed(0)} MiB packed; replayed in ${seconds.toFixed(1)} s ` +
      `(${Math.round(events / seconds)} events/s), ${turns} turns, ${Math.round(mostKiB / 1024)} MiB resident at most\n`,
  );
} finally {
  await rm(folder, { recursive: true });
}
