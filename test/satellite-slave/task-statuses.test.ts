/** The agent's own words about its tasks, in bodies that a real agent of Mesos 1.12 has sent. */
import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { readable } from '../../satellite-master/tasks/readable.ts';
import { HttpAgent } from '../../satellite-slave/mesos/agent.ts';
import { tasksIn } from '../../satellite-slave/mesos/task-states.ts';
import type { HostName } from '../../shared/host-name.ts';
import { type Reply, StubServer } from './support/stub-server.ts';

const captured = (name: string) => readFileSync(`test/fixtures/mesos-1.12/${name}`, 'utf8');
const STATE = captured('agent1_state.json');
const { response } = JSON.parse(captured('pair_v1agent_GET_TASKS.json')) as { response: { body: object } };
const GET_TASKS = JSON.stringify(response.body);

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function agentWith(v1: Reply): Promise<HttpAgent> {
  const server = new StubServer(({ path }) =>
    path === '/state' ? { status: 200, body: STATE } : path === '/api/v1' ? v1 : { status: 404 },
  );
  const agent = new HttpAgent({ origin: await server.listen() });
  closing.push(
    () => agent.close(),
    () => server.close(),
  );
  return agent;
}

const never = new AbortController().signal;

/** What a master answers about the task, once the slave has sent it. */
async function storedTask(agent: HttpAgent, id: string) {
  const tasks = tasksIn(await agent.state(never), await agent.taskStatuses(never));
  const json = tasks.find((task) => task.id === id)?.json() ?? '{}';
  const { state } = JSON.parse(json) as { state: object };
  return readable({
    id,
    host: 'alpha.test' as HostName,
    newestS: undefined,
    storedAtMs: 0,
    state: JSON.stringify(state),
  });
}

test.each([
  ['finished-1', { code: 0, signal: null, message: 'Command exited with status 0', reason: null }],
  [
    'killme-5',
    { code: null, signal: 'Terminated', message: 'Command terminated with signal Terminated', reason: null },
  ],
])('how %s ended is known, and who said so', async (id, exit) => {
  const task = await storedTask(await agentWith({ status: 200, body: GET_TASKS }), id);
  expect(task.exit).toEqual(exit);
  expect(task.states.at(-1)).toMatchObject({ message: exit.message, source: 'SOURCE_EXECUTOR' });
});

test.each<[string, Reply]>([
  ['has no v1 API', { status: 404 }],
  ['does not know the call', { status: 400, body: 'Failed to validate Call: unknown type' }],
  ['does not allow the call', { status: 403 }],
])('an agent that %s gives the tasks without it', async (_what, reply) => {
  const task = await storedTask(await agentWith(reply), 'finished-1');
  expect(task).toMatchObject({ state: 'TASK_FINISHED', exit: null });
});

test('a task of another framework with the same id keeps its own words', async () => {
  const state = JSON.parse(STATE) as { frameworks: { id: string }[]; completed_frameworks: object[] };
  const twin = structuredClone(state.frameworks.find(({ id }) => id.endsWith('-0000')));
  if (!twin) throw new Error('no framework');
  twin.id = 'another';
  const agent = await agentWith({ status: 200, body: GET_TASKS });
  const statuses = await agent.taskStatuses(never);
  const [task] = tasksIn({ ...state, frameworks: [twin] }, statuses).filter(({ id }) => id === 'finished-1');
  expect(task?.json()).not.toContain('Command exited');
});
