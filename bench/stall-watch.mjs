/**
 * Loaded into a master of a benchmark: how long its main thread computed in the worst stall, from the kernel, beside how
 * long the stall was. The difference is time in which other processes had the processor. Watches from
 * SIGUSR2 on, when the master has started. Writes `{gapMs, cpuMs}` into the file that SATELLITE_STALLS names whenever one is worse than all before.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const { SATELLITE_STALLS: file } = process.env;
const EVERY_MS = 5;

/** @returns what this thread has computed so far, ms */
function computedMs() {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6;
}

if (isMainThread && file) {
  const worst = { gapMs: 0, cpuMs: 0 };
  let [atMs, cpuMs] = [0, 0];
  const look = () => {
    const [nowMs, nowCpuMs] = [performance.now(), computedMs()];
    const [gapMs, byUsMs] = [nowMs - atMs, nowCpuMs - cpuMs];
    [atMs, cpuMs] = [nowMs, nowCpuMs];
    if (gapMs <= worst.gapMs && byUsMs <= worst.cpuMs) return;
    worst.gapMs = Math.max(worst.gapMs, gapMs);
    worst.cpuMs = Math.max(worst.cpuMs, byUsMs);
    writeFileSync(file, JSON.stringify(worst));
  };
  process.once('SIGUSR2', () => {
    [atMs, cpuMs] = [performance.now(), computedMs()];
    setInterval(look, EVERY_MS).unref();
  });
}
