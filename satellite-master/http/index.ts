/** The HTTP service of a master: REST, metrics and server-sent events. Each resource is one file; server.ts lists them. */
export { createHttpServer, type HttpServer } from './server.ts';
