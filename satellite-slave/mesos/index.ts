/** satellite-slave/mesos */
export { type Agent, HttpAgent } from './agent.ts';
export { tasksIn } from './task-states.ts';
