/** What both stores share: the check of a commit before anything is sent, and a listener that cannot hurt the store. */
import { SatelliteError } from '../../../shared/errors.ts';
import type { Log } from '../../../shared/log.ts';
import type { Change, StoreListener } from './store.ts';

/**
 * Refuses what no store can take in one step.
 * @throws SatelliteError too-large, its member `most` says how many changes fit; Error for what no caller may ask for:
 *   one host twice, or the deletion of what is expected to be absent
 */
export function checkCommit(changes: readonly Change[], maxChanges: number): void {
  if (changes.length > maxChanges)
    throw new SatelliteError('too-large', `${changes.length} changes at once; at most ${maxChanges} fit`, {
      most: maxChanges,
    });
  if (new Set(changes.map((change) => change.host)).size !== changes.length)
    throw new Error('A commit names the same host twice');
  if (changes.some((change) => change.expect === 'absent' && change.data === null))
    throw new Error('A commit deletes what it expects to be absent');
}

/** The text as it comes back from disk or wire: what is no valid Unicode (lone surrogates) is replaced once, here. */
export function asStored(data: string): string {
  return Buffer.from(data, 'utf8').toString('utf8');
}

/** A listener that throws is a fault of the listener: logged, and the store goes on with what it was doing. */
export function guarded(listener: StoreListener, log: Log): StoreListener {
  const call = (report: () => void) => {
    try {
      report();
    } catch (error) {
      log.error({ err: error }, 'A listener of the store has thrown');
    }
  };
  return {
    onRecord: (host, record) => call(() => listener.onRecord(host, record)),
    onUnfitName: (name) => call(() => listener.onUnfitName(name)),
    onAutomation: (automation) => call(() => listener.onAutomation(automation)),
    onState: (state) => call(() => listener.onState(state)),
  };
}
