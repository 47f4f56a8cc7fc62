import { createServer } from 'node:net';

/** Linux gives outgoing connections ports from 32768 on. */
const FIRST = 15_000;
const LAST = 32_000;

/**
 * A TCP port nobody listens on. It lies below the range of outgoing connections, so that none of them takes it
 * between now and its use, nor while a server that shall come back on it is down.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 1_000; tries++) {
    // Another place for each process, so that they seldom meet; who meets goes on to the next.
    const port = FIRST + ((process.pid * 97 + next++) % (LAST - FIRST));
    if (!given.has(port) && (await isFree(port))) {
      given.add(port);
      return port;
    }
  }
  throw new Error(`no free port between ${FIRST} and ${LAST}`);
}

let next = 0;
/** So that one process never gives the same port twice. */
const given = new Set<number>();

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
