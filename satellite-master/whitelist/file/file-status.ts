/** What readiness and /metrics say of the whitelist file. */
import type { Clock } from '../../../shared/clock.ts';
import type { Metrics, Readiness } from '../../stats/index.ts';
import type { FilePublisher } from './file-publisher.ts';
import type { FileState } from './whitelist-file.ts';

export function registerFile(file: FilePublisher, clock: Clock, metrics: Metrics, readiness: Readiness): void {
  readiness.add('file', {
    state: () => textOf(file.state),
    isReady: () => file.state.kind === 'published' || file.state.kind === 'nothing-to-publish',
  });
  metrics.onCollect(() => {
    metrics.fileHeld.set(file.state.kind === 'held' ? 1 : 0);
    metrics.fileAge.set(file.verifiedMs === undefined ? Number.NaN : (clock.monoMs() - file.verifiedMs) / 1000);
  });
}

function textOf(state: FileState): string {
  switch (state.kind) {
    case 'held':
      return `file-held: rule ${state.hold.rule}: ${state.hold.reason}`;
    case 'failed':
      return `failed: ${state.reason}`;
    case 'published':
      return `published: ${state.hosts} hosts`;
    default:
      return state.kind;
  }
}
