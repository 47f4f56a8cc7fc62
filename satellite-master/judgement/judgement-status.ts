/** What readiness and /metrics say of the judgement: the store as it was read, the guard, silence, the rules. */
import { type Metrics, type Readiness, setState } from '../stats/index.ts';
import { offLimit } from '../whitelist/automation/index.ts';
import type { Replica } from '../whitelist/index.ts';
import type { Judgement } from './judgement.ts';

export function registerJudgement(judgement: Judgement, metrics: Metrics, readiness: Readiness): void {
  const { hub, rules, replica, guardCounts, reconciler } = judgement;
  readiness.add('store', {
    state: () => storeState(replica),
    isReady: () => storeState(replica) === 'whole',
  });
  readiness.add('index', { state: () => hub.index.state });
  readiness.add('silence', {
    state() {
      const wave = guardCounts.wave.size;
      return wave === 0 ? 'ok' : `mass-silence: ${wave} hosts fell silent together and are not taken off`;
    },
  });
  readiness.add('guard', {
    state() {
      const held = reconciler.held.size - guardCounts.wave.size;
      return held <= 0 ? 'ok' : `held: ${held} hosts wait for room`;
    },
  });
  readiness.add('records', { state: () => recordsState(replica) });
  readiness.add('rules', { state: () => rules.state });
  readiness.add('judgement', {
    state: () => (rules.noJudgement === undefined ? 'ok' : `no-judgement: ${rules.noJudgement}`),
  });

  let foreignWrites = 0;
  metrics.onCollect(() => {
    metrics.indexedEvents.set(hub.index.size);
    setState(metrics.storeState, 'state', ['unread', 'whole', 'lost'], storeState(replica).split(':')[0] ?? '');
    // Before the store was read nothing is known of them, not even that there are none.
    if (replica.complete) setFigures();
    metrics.massSilence.set(guardCounts.wave.size > 0 ? 1 : 0);
    metrics.noJudgement.set(rules.noJudgement === undefined ? 0 : 1);
    metrics.rulesStale.set(rules.isStale ? 1 : 0);
    metrics.foreignWrites.inc(replica.foreignWrites - foreignWrites);
    foreignWrites = replica.foreignWrites;
  });

  function setFigures(): void {
    const counts = guardCounts.counts();
    metrics.hosts.set({ list: 'all' }, replica.size);
    metrics.hosts.set({ list: 'on' }, counts.listed);
    metrics.hosts.set({ list: 'off' }, replica.size - counts.listed);
    metrics.brokenRecords.set(replica.brokenRecords + replica.unfitNames.size);
    metrics.guardLimit.set(offLimit(counts));
    metrics.guardOff.set(counts.off);
    metrics.guardHeld.set(reconciler.held.size);
  }
}

/** A store that can be read and not written is `lost` to whoever changes anything. */
function storeState({ state }: Replica): string {
  if (state.kind !== 'whole') return `${state.kind}: ${state.reason}`;
  return state.writeFault === undefined ? 'whole' : `lost: ${state.writeFault}`;
}

function recordsState({ brokenRecords, unfitNames }: Replica): string {
  const faults = [
    ...(brokenRecords > 0 ? [`${brokenRecords} records are broken`] : []),
    ...(unfitNames.size > 0 ? [`${unfitNames.size} nodes have no valid host name`] : []),
  ];
  return faults.length === 0 ? 'ok' : `broken: ${faults.join(', ')}`;
}
