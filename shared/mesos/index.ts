/** A client of one Mesos process, master or agent, and what its answers mean. */
export { MesosClient, type MesosClientOptions, type MesosStream } from './client.ts';
export { MesosError, type MesosFault } from './error.ts';
export type { Figures } from './figures.ts';
export { isObject, type JsonObject, listAt, member, numberAt, textAt } from './json.ts';
