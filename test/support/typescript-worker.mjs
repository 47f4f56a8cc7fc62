/** A thread that runs a .ts file of this repository on Node 20: the file is `workerData.entry`, an URL. */
import { register } from 'node:module';
import { workerData } from 'node:worker_threads';

register('./typescript-hooks.mjs', import.meta.url);
await import(workerData.entry);
