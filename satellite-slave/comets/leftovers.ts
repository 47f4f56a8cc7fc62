import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The variable in the environment of a check's programs by which their descendants are found. */
export const MARKER = 'SATELLITE_CHECK';

/** A process may start others while it is being killed: this is how many times Satellite looks again. */
const MAX_ROUNDS = 10;

/** Processes of this machine, by /proc. */
export class ProcessTable {
  readonly #proc: string;
  /** One look at a time: an environment that cannot be read blocks one thread, not many. */
  #queue: Promise<unknown> = Promise.resolve();

  /** @param proc another /proc, for tests */
  constructor(proc = '/proc') {
    this.#proc = proc;
  }

  /**
   * Kills every process that has this marker in its environment.
   * @param rootPid the process that had it first; the others are younger
   * @returns how many were killed, apart from the root
   */
  kill(marker: string, rootPid: number): Promise<number> {
    const killed = this.#queue.then(() => this.#killAll(`${MARKER}=${marker}`, rootPid));
    this.#queue = killed.catch(() => undefined);
    return killed;
  }

  async #killAll(variable: string, rootPid: number): Promise<number> {
    const killed = new Set<number>();
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const found = await this.#marked(variable, rootPid);
      for (const pid of found) {
        killOne(pid);
        if (pid !== rootPid) killed.add(pid);
      }
      if (found.length === 0) break;
    }
    return killed.size;
  }

  /** Zombies have no environment, and so are not found again. */
  async #marked(variable: string, rootPid: number): Promise<number[]> {
    const marked: number[] = [];
    for (const pid of await this.#youngerThan(rootPid)) {
      const environment = await readFile(join(this.#proc, String(pid), 'environ'), 'latin1').catch(() => '');
      if (environment.split('\0').includes(variable)) marked.push(pid);
    }
    return marked;
  }

  /** Ids ascend until they wrap around, so that few processes have to be looked at. The root itself is among them. */
  async #youngerThan(rootPid: number): Promise<number[]> {
    const pids = (await readdir(this.#proc).catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
    const loadavg = await readFile(join(this.#proc, 'loadavg'), 'latin1').catch(() => '');
    const newestPid = Number(/(\d+)\s*$/.exec(loadavg)?.[1] ?? 0);
    return newestPid < rootPid ? pids : pids.filter((pid) => pid >= rootPid);
  }
}

function killOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ESRCH: it has ended; EPERM: it has another user now
  }
}
