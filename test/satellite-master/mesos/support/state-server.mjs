/** A thread that serves `workerData.files` by turns as `/state`, so that serving burdens nobody who is measured. */
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';

let served = 0;
const server = createServer((request, response) => {
  if (request.url !== '/state') return response.writeHead(404).end();
  const { files } = workerData;
  createReadStream(files[Math.min(served++, files.length - 1)]).pipe(response);
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
