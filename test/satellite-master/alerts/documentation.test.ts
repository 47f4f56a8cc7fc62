/** docs/alerts.md: each of its rules modules runs as it stands there. */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { checkRules } from '../../../satellite-master/rules/check.ts';
import { testRules } from '../../../satellite-master/testing/index.ts';
import { ModuleFolder } from '../rules/support/module-folder.ts';

const folder = new ModuleFolder();
afterAll(() => folder.remove());

const examples = new Map(
  Array.from(
    readFileSync('docs/alerts.md', 'utf8').matchAll(/```ts\n\/\/ (\S+)\n(.*?)```/gs),
    ([, name = '', text = '']) => [name, text] as const,
  ),
);

describe('the examples of docs/alerts.md', () => {
  const test = 'mesos/slave/disk';
  it.each<[string, string, readonly string[]]>([
    ['simple.ts', test, ['email trigger first', 'email resolve resolved']],
    ['quiet.ts', 'load', ['slack trigger first', 'slack resolve resolved']],
    ['email.ts', test, ['email trigger first', 'email resolve resolved']],
    ['webhook.ts', test, ['webhook trigger first', 'webhook resolve resolved']],
    ['pagerduty.ts', 'gpu', ['pagerduty trigger first', 'pagerduty resolve resolved']],
    ['slack.ts', 'gpu', ['slack trigger first', 'slack resolve resolved']],
    ['alertmanager.ts', test, ['alertmanager trigger first', 'alertmanager resolve resolved']],
    ['watch-the-watchers.ts', 'satellite/alerts/pagerduty', ['email trigger first', 'email resolve resolved']],
    ['dead-man.ts', 'satellite/dead-man', Array(4).fill('webhook trigger heartbeat')],
  ])('%s', (name, service, expected) => {
    const bench = testRules(folder.write(name, examples.get(name) ?? ''));
    for (const state of ['ok', 'critical', 'critical', 'ok'])
      bench.inject({ host: 'a1.example', service, state }).advance(1);
    expect(bench.faults).toEqual([]);
    expect(bench.alerts.map(({ channel, state, reason }) => `${channel} ${state} ${reason}`)).toEqual(expected);
    examples.delete(name);
  });

  it('condition.ts alerts when the condition begins to hold and resolves when it ceases', () => {
    const bench = testRules(folder.write('condition.ts', examples.get('condition.ts') ?? ''));
    examples.delete('condition.ts');
    for (const metric of [0.9, 0.6, 0.5, 0.8, 0.9, 0.6])
      bench
        .inject({ service: 'mesos/prop-available-hosts', metric })
        .inject({ service: 'other', metric: 0.9 })
        .advance(1);
    expect(bench.faults).toEqual([]);
    const states = () => bench.alerts.map(({ state, reason }) => `${state} ${reason}`);
    expect(states()).toEqual(['trigger first', 'resolve resolved', 'trigger first']);
    bench.inject({ service: 'mesos/prop-available-hosts', state: 'expired' });
    expect(states().at(-1)).toBe('resolve resolved');
  });

  it('a channel below two conditions resolves when the last one fails', () => {
    const text = `export default ({ where, email, judgeTests }) => {
      const mail = email({ from: 'a@example.com', to: 'b@example.com' });
      return [judgeTests(), where((e) => e.metric < 2, mail), where((e) => e.metric < 1, mail)];
    };`;
    const bench = testRules(folder.write('two-conditions.ts', text));
    for (const metric of [0.5, 1.5, 1.5, 3]) bench.inject({ service: 'load', metric }).advance(1);
    expect(bench.alerts.map(({ state, metric }) => `${state} ${metric}`)).toEqual(['trigger 0.5', 'resolve 3']);
  });

  it('quiet.ts rolls up what holds for a minute', () => {
    const bench = testRules(`${folder.path}/quiet.ts`);
    bench.inject({ host: 'a1.example', service: 'disk', state: 'critical', ttl: 600 }).advance(10);
    expect(bench.alerts).toEqual([]);
    for (let beats = 0; beats < 10; beats++)
      bench.inject({ host: 'a1.example', service: 'disk', state: 'critical', ttl: 600 }).advance(10);
    expect(bench.alerts.map(({ channel, reason }) => `${channel} ${reason}`)).toEqual(['email first']);
  });

  it.each([...examples])('%s judges hosts', (name, text) => {
    // Its secrets lie in files that are not here.
    const path = folder.write(`judging-${name}`, text.replaceAll('/etc/satellite/', `${folder.path}/`));
    for (const [, secret = ''] of text.matchAll(/'\/etc\/satellite\/(.*?)'/g))
      folder.write(secret, secret === 'slack-url' ? 'https://hooks.example.com/T0' : 'secret');
    expect(checkRules(path)).toEqual([]);
  });

  it('are all run', () => {
    expect([...examples.keys()]).toEqual([]);
  });
});
