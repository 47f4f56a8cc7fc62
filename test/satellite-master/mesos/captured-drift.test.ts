/** Drift over what a real Mesos 1.12 said of two agents, alpha.test and bravo.test, in each of their states. */
import { readFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { ClusterModel } from '../../../satellite-master/mesos/cluster/cluster-model.ts';
import { DriftWatch, GRACE_MS } from '../../../satellite-master/mesos/drift/drift-watch.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { silentLog } from '../../../shared/log.ts';
import type { ManualClock } from '../../../shared/manual-clock.ts';
import { aClock, Harness, host } from '../../support/harness.ts';
import { SharedStore } from '../../support/shared-store.ts';
import { feedState } from './support/feed-snapshot.ts';

const alpha = host('alpha.test');
const bravo = host('bravo.test');
const POLL_MS = 10_000;

let clock: ManualClock;
let view: ClusterModel;
let said: unknown;

function captured(name: string): unknown {
  return JSON.parse(readFileSync(`test/fixtures/mesos-1.12/${name}_state.json`, 'utf8'));
}

beforeEach(() => {
  clock = aClock();
  view = new ClusterModel({ url: 'http://mesos', pollIntervalMs: POLL_MS, clock, log: silentLog });
});

/** A harness whose slaves report, and Mesos polled beside it. */
async function inHarness(names: readonly HostName[], live: (harness: Harness, drift: DriftWatch) => Promise<void>) {
  const sharedStore = await SharedStore.open(clock);
  try {
    const harness = await Harness.open({ clock, sharedStore });
    const drift = new DriftWatch({
      cluster: view,
      replica: harness.replica,
      heard: () => harness.presence.heard(),
      remembered: (name) => view.registrationOf(name) === 'registered',
      clock,
    });
    for (const name of names) harness.report(name, { disk: 'ok' }, { ttl: 3_600 });
    await harness.pass(1_000);
    await live(harness, drift);
  } finally {
    await sharedStore.close();
  }
}

/** Polls what `said` holds; undefined: no answer. */
async function poll(harness: Harness, drift: DriftWatch, forMs: number): Promise<void> {
  for (let passed = 0; passed <= forMs; passed += POLL_MS) {
    if (said !== undefined) feedState(view, said);
    drift.look();
    await harness.leap(POLL_MS);
  }
}

test.each([
  ['deactivated', 'deactivated'],
  ['draining', 'draining'],
  ['drained', 'drained'],
])('%s', async (name, word) => {
  said = captured(name);
  await inHarness([alpha, bravo], async (harness, drift) => {
    await poll(harness, drift, GRACE_MS);
    const out = drift.report().findings.filter(({ kind }) => kind === 'out-in-mesos');
    expect(out).toEqual([{ kind: 'out-in-mesos', host: 'bravo.test', detail: `on the list, but ${word} in Mesos` }]);
  });
});

test('one that can not be reached is neither a wrong name nor without a slave', async () => {
  said = captured('agent2_unreachable');
  await inHarness([alpha], async (harness, drift) => {
    await poll(harness, drift, GRACE_MS);
    expect(drift.report().findings).toEqual([]);
  });
});

test('a slave under the short name: both ends of the mistake are told, with the name that was meant', async () => {
  said = captured('master');
  await inHarness([alpha, host('bravo')], async (harness, drift) => {
    await poll(harness, drift, GRACE_MS);
    expect(drift.report().findings).toMatchObject([
      { kind: 'no-such-agent', host: 'bravo', suggestion: 'bravo.test' },
      { kind: 'no-slave', host: 'bravo.test' },
      { kind: 'unknown-name', host: 'bravo', suggestion: 'bravo.test' },
    ]);
  });
});

test.each([
  ['a leader without quorum that knows no agents', () => captured('noquorum_ha1')],
  ['an answer with half of the agents', () => captured('maint_down')],
  ['no answer at all', () => undefined],
])('%s takes nobody off, and makes no finding for as long as agents may register again', async (_, next) => {
  said = captured('master');
  await inHarness([alpha, bravo], async (harness, drift) => {
    await poll(harness, drift, GRACE_MS);
    said = next();
    await poll(harness, drift, 540_000);
    expect(harness.on()).toEqual([alpha, bravo]);
    expect(harness.record(bravo)?.['managed-flag']).toBe('on');
    expect(drift.report().findings).toEqual([]);
  });
});

test('one that is gone for longer than that is a line without effect', async () => {
  said = captured('master');
  await inHarness([alpha, bravo], async (harness, drift) => {
    await poll(harness, drift, GRACE_MS);
    said = captured('maint_down');
    await poll(harness, drift, 700_000);
    expect(drift.report().findings).toMatchObject([
      { kind: 'no-such-agent', host: 'bravo.test' },
      { kind: 'unknown-name', host: 'bravo.test' },
    ]);
    expect(harness.on()).toEqual([alpha, bravo]);
  });
});
