/** The HTTP service of one simulated agent, for as many of them as somebody asks: `/state`, `/flags`, figures. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Json, pidOf, resourceList, resources, taskBody } from './body-v0.ts';
import { agentMetrics } from './metrics.ts';
import { type Agent, isTerminal, type Task } from './model.ts';
import { AGENT_CAPABILITIES, BUILD } from './version.ts';
import type { World } from './world.ts';

const WORK = '/var/lib/mesos/agent/work';

export class AgentService {
  readonly #world: World;
  readonly #agent: Agent;
  readonly #startedS: number;
  readonly #server: Server;

  constructor(world: World, agent: Agent) {
    this.#world = world;
    this.#agent = agent;
    this.#startedS = world.nowS;
    this.#server = createServer((request, response) => {
      const path = new URL(request.url ?? '/', 'http://x').pathname.replace(/^\/slave\(1\)(?=\/)/, '');
      if (path === '/health') return response.end();
      const body = this.#body(path);
      if (body) return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      return response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('404 Not Found.');
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** @param port 0: a free one */
  async start(port = 0): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #body(path: string): Json | undefined {
    const flags = { hostname: this.#agent.hostname, port: String(this.#agent.port), work_dir: WORK };
    if (path === '/flags') return { flags };
    if (path === '/version') return BUILD;
    if (path === '/metrics/snapshot') return agentMetrics(this.#agent, this.#world.nowS - this.#startedS);
    return path === '/state' ? this.#state(flags) : undefined;
  }

  #state(flags: Json): Json {
    const agent = this.#agent;
    const all = { ...resources(agent.cpus, agent.mem, agent.disk), ports: '[31000-32000]' };
    const frameworks = new Set([...agent.tasks, ...agent.completed].map(({ framework }) => framework));
    return {
      ...BUILD,
      start_time: this.#startedS,
      id: agent.id,
      pid: pidOf(agent),
      hostname: agent.hostname,
      capabilities: AGENT_CAPABILITIES,
      resources: all,
      reserved_resources: {},
      unreserved_resources: all,
      reserved_resources_full: {},
      unreserved_resources_full: resourceList(agent, { role: '*' }),
      reserved_resources_allocated: {},
      unreserved_resources_allocated: resources(agent.usedCpus, agent.usedMem),
      resource_providers: [],
      attributes: { rack: agent.rack },
      master_hostname: '127.0.0.1',
      flags,
      frameworks: [...frameworks].map((framework) => ({
        id: framework.id,
        name: framework.name,
        user: 'root',
        failover_timeout: 3600,
        checkpoint: true,
        hostname: framework.hostname,
        roles: [framework.role],
        executors: [...agent.tasks].filter((task) => task.framework === framework).map(executor),
        completed_executors: agent.completed.filter((task) => task.framework === framework).map(executor),
      })),
      completed_frameworks: [],
    };
  }
}

/** A task without an executor of its own runs in a command executor, one each. */
function executor(task: Task): Json {
  const folder = `${WORK}/slaves/${task.agentId}/frameworks/${task.framework.id}/executors/${task.id}/runs`;
  const over = isTerminal(task.state);
  return {
    id: task.id,
    name: `Command Executor (Task: ${task.id}) (Command: sh -c '${task.application.name}')`,
    source: task.id,
    container: task.containerId,
    directory: `${folder}/${task.containerId}`,
    resources: resources(task.cpus, task.mem),
    role: task.framework.role,
    tasks: over ? [] : [taskBody(task)],
    queued_tasks: [],
    completed_tasks: over ? [taskBody(task)] : [],
  };
}
