import { type Clock, sleep } from './clock.ts';
import type { Log } from './log.ts';

/** A call that is only slow may still return. */
const GRACE_MS = 500;

/** As Node names what occupies a thread: file system calls and name look-ups. */
const THREADS: readonly (readonly [prefix: string, what: string])[] = [
  ['FSReq', 'file system call'],
  ['GetAddrInfo', 'name look-up'],
  ['GetNameInfo', 'name look-up'],
];

/**
 * Ends the process with `process.exitCode`. `process.exit` waits for system calls that do not return, for ever where a
 * file system hangs: then the process kills itself with SIGKILL (137) after a line in the log.
 * @param hangingCalls what is known of calls that have not returned, for the log
 */
export async function endProcess(log: Log, clock: Clock, hangingCalls: () => readonly string[]): Promise<never> {
  const endMs = clock.monoMs() + GRACE_MS;
  while (blockedThreads().length > 0 && clock.monoMs() < endMs) await sleep(clock, 20);
  const blocked = blockedThreads();
  if (blocked.length > 0) {
    const known = hangingCalls();
    log.error({ calls: known.length > 0 ? known : blocked }, 'a system call does not return, ending by SIGKILL');
    process.kill(process.pid, 'SIGKILL');
  }
  process.exit();
}

function blockedThreads(): readonly string[] {
  const resources = process.getActiveResourcesInfo();
  return THREADS.flatMap(([prefix, what]) => (resources.some((resource) => resource.startsWith(prefix)) ? [what] : []));
}
