/** satellite-master/http */
export { createHttpServer, type HttpServer } from './server.ts';
