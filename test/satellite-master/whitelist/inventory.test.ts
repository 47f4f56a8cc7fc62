/** Who counts for the guard, and who leaves the inventory (docs/judgement.md, rule 11). */
import { describe, expect, test } from 'vitest';
import {
  countsForGuard,
  type InventoryFacts,
  mayForget,
} from '../../../satellite-master/whitelist/automation/inventory.ts';
import { emptyRecord, type HostRecord, READMISSION_ID } from '../../../satellite-master/whitelist/record/record.ts';

const NOW_MS = 1_790_000_000_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const WEEK = 7 * DAY;

const facts = (over: Partial<InventoryFacts> = {}): InventoryFacts => ({
  record: emptyRecord,
  createdMs: NOW_MS - DAY,
  nowMs: NOW_MS,
  mesos: 'unregistered',
  silentForMs: undefined,
  ...over,
});

describe('whether a host counts', () => {
  const takenOver: HostRecord = {
    ...emptyRecord,
    changed: { version: 0, time: 1, by: '', as: null, cause: 'takeover', reason: '' },
  };

  test.each<[string, Partial<InventoryFacts>, boolean]>([
    ['new and unknown to Mesos: not yet', { createdMs: NOW_MS - 1 }, false],
    ['new, and Mesos has not answered: not yet', { createdMs: NOW_MS - 1, mesos: 'unsure' }, false],
    ['new and registered: at once', { createdMs: NOW_MS - 1, mesos: 'registered' }, true],
    ['new and no Mesos here: at once', { createdMs: NOW_MS - 1, mesos: 'none' }, true],
    ['just before its hour', { createdMs: NOW_MS - HOUR + 1 }, false],
    ['an hour later', { createdMs: NOW_MS - HOUR }, true],
    ['taken over from the file: at once', { createdMs: NOW_MS - 1, record: takenOver }, true],
    ['silent for a day', { silentForMs: DAY }, true],
    ['silent for more than a day', { silentForMs: DAY + 1 }, false],
    ['silent for more than a day, no Mesos here', { silentForMs: DAY + 1, mesos: 'none' }, false],
    ['silent for more than a day and registered', { silentForMs: DAY + 1, mesos: 'registered' }, true],
    ['silent for more than a day, and Mesos has not answered', { silentForMs: DAY + 1, mesos: 'unsure' }, true],
  ])('%s', (_, over, expected) => expect(countsForGuard(facts(over))).toBe(expected));
});

describe('whether it may be forgotten', () => {
  const off = (agoMs: number, more: Partial<HostRecord> = {}): HostRecord => ({
    ...emptyRecord,
    'managed-flag': 'off',
    'managed-events': { [READMISSION_ID]: { state: 'ok', 'off-since': String((NOW_MS - agoMs) / 1000) } },
    ...more,
  });

  test.each<[string, Partial<InventoryFacts>, boolean, boolean]>([
    ['off for longer than that', { record: off(WEEK + 1) }, false, true],
    ['off for just so long', { record: off(WEEK) }, false, false],
    ['off for longer, and heard', { record: off(WEEK + 1) }, true, false],
    ['off for longer, and registered', { record: off(WEEK + 1), mesos: 'registered' }, false, false],
    ['off for longer, and Mesos has not answered', { record: off(WEEK + 1), mesos: 'unsure' }, false, false],
    ['off for longer, no Mesos here', { record: off(WEEK + 1), mesos: 'none' }, false, true],
    ['on', { record: off(WEEK + 1, { 'managed-flag': 'on' }) }, false, false],
    [
      'an operator has a word on it',
      { record: off(WEEK + 1, { 'manual-events': { a: { state: 'ok', time: 1, ttl: 1 } } }) },
      false,
      false,
    ],
    ['an operator has set a flag', { record: off(WEEK + 1, { 'manual-flag': 'off' }) }, false, false],
    ['off, nobody knows since when', { record: { ...emptyRecord, 'managed-flag': 'off' } }, false, false],
    ['broken', { record: undefined }, false, false],
  ])('%s', (_, over, heard, expected) => expect(mayForget(facts(over), heard, WEEK)).toBe(expected));
});
