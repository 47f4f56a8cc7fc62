/** What readiness and /metrics say of the clock by which records are kept. */
import type { Metrics, Readiness } from '../../stats/index.ts';
import type { StoreClock } from './store-clock.ts';

/** With the embedded store it is this machine's own clock. */
const OWN_OFFSET_MS = 0;
/** Less is no matter for anybody. */
const MAX_OFFSET_MS = 5_000;

export function registerStoreClock(clock: StoreClock | undefined, metrics: Metrics, readiness: Readiness): void {
  const offset = () => (clock ? clock.offsetMs : OWN_OFFSET_MS);
  readiness.add('clock', { state: () => stateOf(offset()) });
  metrics.onCollect(() => {
    const offsetMs = offset();
    if (offsetMs !== undefined) metrics.clockOffset.set(offsetMs / 1000);
  });
}

function stateOf(offsetMs: number | undefined): string {
  if (offsetMs === undefined) return 'unknown: the clock of the store has not been measured yet; no override expires';
  if (Math.abs(offsetMs) <= MAX_OFFSET_MS) return 'ok';
  const seconds = Math.round(Math.abs(offsetMs) / 1000);
  return `wrong: the clock of this machine is ${seconds} s ${offsetMs < 0 ? 'ahead of' : 'behind'} that of the store`;
}
