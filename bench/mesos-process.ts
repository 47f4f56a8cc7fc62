/** A simulated Mesos in a process of its own, large and still; says on its output where it listens. Words: agents, tasks, 'v1' or 'state'. */
import { startMesos } from '../demo/simulator/mesos.ts';
import type { Application } from '../demo/simulator/model.ts';

const [agents, tasks, api] = process.argv.slice(2);
const APPLICATIONS: readonly Application[] = Array.from({ length: 20 }, (_, index) => ({
  name: `application-${index}.team-${index % 7}`,
  framework: `framework-${index % 4}`,
  launchesPerSecond: 5,
}));

const mesos = await startMesos({
  agents: Number(agents),
  nameOf: (index) => `agent-${index}.rack-${index % 800}.bench.example`,
  applications: APPLICATIONS,
  stepMs: 1_000,
  withoutV1: api === 'state',
});
const { world } = mesos;
const all = [...world.agents.values()];
for (let number = 0; number < Number(tasks); number++) {
  const application = world.applications[number % world.applications.length];
  const agent = all[number % all.length];
  const task = application && agent && world.launch(application, agent);
  if (!task) continue;
  world.update(task, 'TASK_STARTING');
  world.update(task, 'TASK_RUNNING');
}
process.stdout.write(`${mesos.masters[0]?.url}\n`);
process.once('SIGTERM', () => process.exit());
