/** However short `sleep-time` is, Mesos is asked no more than twice a second for the same. */
const LEAST_MS = 500;

export function pollEveryMs(sleepTimeMs: number): number {
  return Math.max(sleepTimeMs, LEAST_MS);
}
