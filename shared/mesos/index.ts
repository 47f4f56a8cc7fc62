/** shared/mesos */
export { MesosClient, type MesosClientOptions, type MesosStream } from './client.ts';
export { MesosError } from './error.ts';
export type { Figures } from './figures.ts';
export { isObject, type JsonObject, listAt, member, numberAt, textAt } from './json.ts';
