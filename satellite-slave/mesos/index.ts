/** The local Mesos agent: the name it registered with, its metrics, and its tasks. */
export { type Agent, type AgentSettings, HttpAgent } from './agent.ts';
export { tasksIn } from './task-states.ts';
