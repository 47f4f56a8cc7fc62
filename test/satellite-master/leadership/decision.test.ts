import { describe, expect, test } from 'vitest';
import {
  decide,
  type Holder,
  type LeaderFacts,
  MAX_STORE_LOSS_MS,
  PRECEDENCE_MS,
  TAKEOVER_INTERVAL_MS,
} from '../../../satellite-master/leadership/decision.ts';
import type { ElectionFacts } from '../../../satellite-master/leadership/mesos-election.ts';

const ELECTED: ElectionFacts = { elected: true, ageMs: 500, streak: 3, fault: undefined };
const FOLLOWER: ElectionFacts = { elected: false, ageMs: 500, streak: 9, fault: undefined };
const SILENT: ElectionFacts = { elected: true, ageMs: 10_000, streak: 9, fault: 'no answer' };
const OTHER: Holder = { isSelf: false, master: 'm2', elected: false, byTakeover: false, seenMs: 100 };
const SELF: Holder = { ...OTHER, isSelf: true, master: 'm1' };

function facts(given: Partial<LeaderFacts>): LeaderFacts {
  return {
    disconnected: undefined,
    storeNotWholeMs: undefined,
    holder: undefined,
    vacantMs: 0,
    mesos: undefined,
    ...given,
  };
}

describe('who leads automation', () => {
  test.each<[string, Partial<LeaderFacts>, boolean, string]>([
    ['without a session nobody leads', { disconnected: 'refused', holder: SELF }, false, 'none'],
    ['whoever holds the node leads', { holder: SELF }, true, 'none'],
    ['also beside a mesos-master that is not elected', { holder: SELF, mesos: FOLLOWER }, true, 'none'],
    ['also beside a mesos-master that is silent', { holder: SELF, mesos: SILENT }, true, 'none'],
    ['a vacant node is claimed where there is no Mesos', {}, false, 'claim'],
    ['and beside the elected mesos-master', { mesos: { ...ELECTED, streak: 1 } }, false, 'claim'],
    ['others wait a moment for that one', { mesos: FOLLOWER, vacantMs: PRECEDENCE_MS - 1 }, false, 'none'],
    ['and claim it then', { mesos: FOLLOWER, vacantMs: PRECEDENCE_MS }, false, 'claim'],
    ['also where their own Mesos is silent', { mesos: SILENT, vacantMs: PRECEDENCE_MS }, false, 'claim'],
    ['nobody claims it before its store is whole', { storeNotWholeMs: 1 }, false, 'none'],
    ['the one beside the elected mesos-master takes over', { holder: OTHER, mesos: ELECTED }, false, 'take-over'],
    ['after three answers', { holder: OTHER, mesos: { ...ELECTED, streak: 2 } }, false, 'none'],
    [
      'not from one that has the same precedence',
      { holder: { ...OTHER, elected: true }, mesos: ELECTED },
      false,
      'none',
    ],
    ['not while its store is not whole', { holder: OTHER, mesos: ELECTED, storeNotWholeMs: 1 }, false, 'none'],
    ['not within 10 s of a takeover', { holder: { ...OTHER, byTakeover: true }, mesos: ELECTED }, false, 'none'],
    [
      'but after it',
      { holder: { ...OTHER, byTakeover: true, seenMs: TAKEOVER_INTERVAL_MS }, mesos: ELECTED },
      false,
      'take-over',
    ],
    ['a leader keeps the node through a short loss of its store', { holder: SELF, storeNotWholeMs: 1 }, true, 'none'],
    ['and releases it after a long one', { holder: SELF, storeNotWholeMs: MAX_STORE_LOSS_MS }, false, 'release'],
  ])('%s', (_name, given, leads, step) => {
    expect(decide(facts(given))).toMatchObject({ leads, step });
  });

  test('the reason names who leads, and what is known of the local mesos-master', () => {
    expect(decide(facts({ holder: OTHER, mesos: FOLLOWER })).reason).toBe('m2 holds the leader node in ZooKeeper');
    expect(decide(facts({ holder: SELF, mesos: { ...SILENT, fault: 'answered 401' } })).reason).toBe(
      'holds the leader node in ZooKeeper; no good answer of the local mesos-master for 10 s: answered 401',
    );
  });
});
