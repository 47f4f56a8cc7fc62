import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { electionText, isElected, MesosElection } from '../../../satellite-master/leadership/mesos-election.ts';
import { silentLog } from '../../../shared/log.ts';
import { ManualClock } from '../../../shared/manual-clock.ts';
import { MesosClient } from '../../../shared/mesos/client.ts';
import { until } from '../../support/until.ts';
import { type Answer, byPath, json, MesosServer, raw, redirect } from '../mesos/support/mesos-server.ts';

const MASTER = JSON.parse(readFileSync('test/fixtures/mesos-1.12/pair_ha2_GET_MASTER.json', 'utf8')) as {
  readonly response: { readonly body: unknown };
};
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function beside(answers: Readonly<Record<string, Answer>>) {
  const server = await MesosServer.start(byPath(answers));
  const clock = new ManualClock();
  const client = new MesosClient({ url: server.url, role: 'master', clock });
  const election = new MesosElection(client, clock, silentLog);
  let polls = 0;
  election.onPoll(() => polls++);
  election.start();
  closing.push(async () => {
    election.stop();
    await client.close();
    await server.close();
  });
  /** Each poll notifies before and after the request. */
  const poll = async () => {
    const before = polls;
    clock.advance(1_000);
    await until(() => polls >= before + 2, { what: 'a poll' });
  };
  await until(() => polls >= 2, { what: 'the first poll' });
  return { server, election, poll, clock };
}

test('elected only after answers in a row, and not by an old one', async () => {
  const { server, election, poll, clock } = await beside({ '/metrics/snapshot': json({ 'master/elected': 1 }) });
  expect([isElected(election.facts, 1), isElected(election.facts, 3)]).toEqual([true, false]);
  await poll();
  await poll();
  expect(isElected(election.facts, 3)).toBe(true);
  server.answer = raw('', 500);
  await poll();
  expect(isElected(election.facts, 3)).toBe(true);
  clock.advance(9_000);
  expect(isElected(election.facts, 1)).toBe(false);
  expect(electionText(election.facts)).toBe(
    `no good answer of the local mesos-master for 10 s: ${server.url}/metrics/snapshot: answered 500`,
  );
});

test('an answer of 401 is no silence: what was answered is said, and the setting that is meant', async () => {
  const { server, election } = await beside({ '/metrics/snapshot': raw('401 Unauthorized.', 401) });
  expect(electionText(election.facts)).toBe(
    `the local mesos-master gave no good answer: ${server.url}/metrics/snapshot: ` +
      'answered 401 (the setting mesos-credentials is missing or wrong): "401 Unauthorized."',
  );
});

test('the other masters are told who leads, and the id of an elected mesos-master', async () => {
  const { server, election } = await beside({
    '/metrics/snapshot': json({ 'master/elected': 1 }),
    '/redirect': redirect('//master2.test:5062'),
    GET_MASTER: json(MASTER.response.body),
  });
  await until(() => election.beside.id !== null, { what: 'the id' });
  expect(election.beside).toEqual({
    url: server.url,
    id: 'cdbc7004-e8cb-45df-87dd-a6c195854edf',
    elected: true,
    leader: 'http://master2.test:5062',
  });
});

test('a question for them that hangs delays no answer about leadership', async () => {
  const hangs: Answer = () => undefined;
  const { election, poll } = await beside({
    '/metrics/snapshot': json({ 'master/elected': 1 }),
    '/redirect': hangs,
  });
  await poll();
  await poll();
  expect(isElected(election.facts, 3)).toBe(true);
});
