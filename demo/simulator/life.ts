/** What happens in the cluster by itself, step by step: launches on offered agents, tasks that run and end, drains. */
import { type Agent, type Application, isOffered, isTerminal, type Task } from './model.ts';
import type { World } from './world.ts';

interface Due {
  readonly task: Task;
  readonly next: 'run' | 'end';
}

export interface Offers {
  /** false: nobody leads, or the leader has not got its agents yet. Nothing changes then, as no framework gets offers. */
  readonly on: boolean;
  /** The leading master's whitelist. */
  allows(hostname: string): boolean;
}

const DEFAULT_RUNS_S = [2, 8] as const;
const STARTING_STEPS = 1;
const CANDIDATES = 8;

export class Life {
  readonly #world: World;
  readonly #stepMs: number;
  readonly #due = new Map<number, Due[]>();
  /** Launches that a batch application is owed, fractions of a task included. */
  readonly #owed = new Map<Application, number>();
  /** Tasks of each application that are not over. */
  readonly #alive = new Map<Application, number>();
  #step = 0;

  constructor(world: World, stepMs: number) {
    this.#world = world;
    this.#stepMs = stepMs;
    world.listen((event) => {
      if (event.kind === 'task-added') this.#count(event.task.application, 1);
      else if (event.kind === 'task-updated' && isTerminal(event.task.state)) this.#count(event.task.application, -1);
    });
  }

  /** One step of time. */
  step(offers: Offers): void {
    if (!offers.on) return;
    this.#step++;
    for (const due of this.#take()) this.#go(due);
    this.#drain();
    const offered = [...this.#world.agents.values()].filter(
      (agent) => isOffered(agent) && offers.allows(agent.hostname),
    );
    for (const application of this.#world.applications) this.#launch(application, offered);
  }

  #take(): readonly Due[] {
    const due = this.#due.get(this.#step) ?? [];
    this.#due.delete(this.#step);
    return due;
  }

  #later(steps: number, due: Due): void {
    const at = this.#step + Math.max(1, Math.round(steps));
    const there = this.#due.get(at);
    if (there) there.push(due);
    else this.#due.set(at, [due]);
  }

  #launch(application: Application, offered: readonly Agent[]): void {
    for (let wanted = this.#wanted(application); wanted > 0; wanted--) {
      const agent = this.#choose(offered, application.cpus ?? 0.1);
      if (!agent) return;
      const task = this.#world.launch(application, agent);
      if (!task) return;
      this.#world.update(task, 'TASK_STARTING');
      this.#later(STARTING_STEPS, { task, next: 'run' });
    }
  }

  #wanted(application: Application): number {
    const { launchesPerSecond = 0, instances } = application;
    if (instances !== undefined) return instances - (this.#alive.get(application) ?? 0);
    const owed = (this.#owed.get(application) ?? 0) + (launchesPerSecond * this.#stepMs) / 1000;
    this.#owed.set(application, owed % 1);
    return Math.floor(owed);
  }

  /** Of some by chance the one with most room: whoever fails fast is always free, and draws more work. */
  #choose(offered: readonly Agent[], cpus: number): Agent | undefined {
    let best: Agent | undefined;
    for (let tries = 0; tries < CANDIDATES && offered.length > 0; tries++) {
      const agent = offered[this.#world.random.below(offered.length)];
      if (agent && agent.usedCpus + cpus <= agent.cpus && (!best || agent.usedCpus < best.usedCpus)) best = agent;
    }
    return best;
  }

  #go({ task, next }: Due): void {
    if (isTerminal(task.state)) return;
    if (next === 'run') this.#run(task);
    else if (task.state === 'TASK_UNREACHABLE' || task.agent.state !== 'active') this.#later(1, { task, next });
    else this.#end(task);
  }

  #run(task: Task): void {
    const { application, agent } = task;
    this.#world.update(task, 'TASK_RUNNING');
    const [least, most] = application.runsS ?? DEFAULT_RUNS_S;
    const runsMs = this.#world.random.between(least, most) * 1000;
    const failing = agent.failsWithinMs !== undefined || application.failShare === 1;
    const endless = application.instances !== undefined && application.runsS === undefined && !failing;
    const endsMs = agent.failsWithinMs ?? (failing ? Math.min(runsMs, 1_000) : runsMs);
    if (!endless) this.#later(endsMs / this.#stepMs, { task, next: 'end' });
  }

  #end(task: Task): void {
    const { application, agent } = task;
    if (agent.failsWithinMs !== undefined) {
      agent.counted.launchErrors++;
      this.#world.end(task, 'TASK_FAILED', {
        message: 'Failed to launch container: no space left on device',
        reason: 'REASON_CONTAINER_LAUNCH_FAILED',
      });
    } else if (this.#world.random.next() < (application.failShare ?? 0))
      this.#world.end(task, 'TASK_FAILED', { message: 'Command exited with status 3' });
    else this.#world.end(task, 'TASK_FINISHED', { message: 'Command exited with status 0' });
  }

  #drain(): void {
    for (const agent of this.#world.agents.values()) {
      const { drain } = agent;
      if (drain?.state !== 'DRAINING' || this.#world.clock.monoMs() < drain.killMs) continue;
      for (const task of [...agent.tasks]) this.#world.end(task, 'TASK_KILLED', { reason: 'REASON_AGENT_DRAINING' });
      drain.state = 'DRAINED';
      if (drain.markGone) this.#world.remove(agent, 'gone');
    }
  }

  #count(application: Application, by: number): void {
    this.#alive.set(application, (this.#alive.get(application) ?? 0) + by);
  }
}
