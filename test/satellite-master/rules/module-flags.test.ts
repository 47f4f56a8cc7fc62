/** What the rules of a module want, within bounds. */
import { expect, test } from 'vitest';
import { MAX_EVENTS_PER_HOST, ModuleFlags } from '../../../satellite-master/rules/flags/module-flags.ts';
import { host } from '../../support/harness.ts';

const a1 = host('a1.example');
const event = { state: 'critical', time: 1 };

test('a host has at most 1,000 events of rules; those that it has go on and can be withdrawn', () => {
  const flags = new ModuleFlags();
  for (let at = 0; at < MAX_EVENTS_PER_HOST; at++) flags.setEvent('gpu', a1, `id ${at}`, event);
  expect(() => flags.setEvent('gpu', a1, 'one more', event)).toThrow(
    'a1.example has 1000 events of rules; "one more" is not set',
  );
  flags.setEvent('gpu', a1, 'id 7', { ...event, time: 2 });
  expect(flags.events(a1).get('id 7')).toMatchObject({ time: 2 });
  flags.forgetEvent(a1, 'id 7');
  flags.setEvent('gpu', a1, 'one more', event);
  expect(flags.events(a1).size).toBe(MAX_EVENTS_PER_HOST);
});
