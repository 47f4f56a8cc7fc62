/** What readiness and /metrics say of the whitelist file. */
import type { Clock } from '../../../shared/clock.ts';
import type { Metrics, Readiness } from '../../stats/index.ts';
import type { FileState, WhitelistFile } from './whitelist-file.ts';

export function registerFile(file: WhitelistFile, clock: Clock, metrics: Metrics, readiness: Readiness): void {
  readiness.add('file', {
    state: () => fileText(file.state),
    isReady: () => file.state.kind === 'published' || file.state.kind === 'nothing-to-publish',
  });
  metrics.onCollect(() => {
    metrics.fileHeld.set(file.state.kind === 'held' ? 1 : 0);
    metrics.fileAge.set(file.writtenMs === undefined ? Number.NaN : (clock.monoMs() - file.writtenMs) / 1000);
  });
}

function fileText(state: FileState): string {
  switch (state.kind) {
    case 'held':
      return `file-held: ${state.reason}`;
    case 'failed':
      return `failed: ${state.reason}`;
    case 'published':
      return `published: ${state.hosts} hosts`;
    default:
      return state.kind;
  }
}
