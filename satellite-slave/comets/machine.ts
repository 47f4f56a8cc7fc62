import { readdirSync, readFileSync } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { cutToLength } from '../../shared/text.ts';
import { FileSystemCalls } from './file-system-calls.ts';
import { UnknownStateError } from './unknown-state-error.ts';

/** MB as in the original: mebibytes, rounded down. */
export interface Memory {
  /** MB that programs can get without swapping: free memory and what the kernel would give back for it. */
  readonly availableMb: number;
  readonly swapTotalMb: number;
  readonly swapFreeMb: number;
}

/** Sizes in blocks, as statfs gives them. */
export interface FileSystemSize {
  readonly blocks: number;
  /** Free for root. */
  readonly bfree: number;
  /** Free for everyone. */
  readonly bavail: number;
}

/** Processes whose state is read before others get their turn. */
const PROCESSES_AT_ONCE = 256;

/** Measurements of this Linux machine, from /proc and file system calls. */
export class Machine {
  readonly #proc: string;
  readonly #calls: FileSystemCalls;
  readonly #statfs: (path: string) => Promise<FileSystemSize>;

  /** @param options other sources, for tests */
  constructor(
    options: { proc?: string; calls?: FileSystemCalls; statfs?: (path: string) => Promise<FileSystemSize> } = {},
  ) {
    this.#proc = options.proc ?? '/proc';
    this.#calls = options.calls ?? new FileSystemCalls();
    this.#statfs = options.statfs ?? ((path) => statfs(path));
  }

  /**
   * "Free" means MemAvailable, the kernel's own estimate: MemFree alone leaves out the page cache, and a healthy
   * machine that has read much from its disks has hardly any. Before Linux 3.14: MemFree + Buffers + Cached.
   * @throws what reading throws, or UnknownStateError where a figure is missing
   */
  memory(): Memory {
    const file = join(this.#proc, 'meminfo');
    const kilobytes = new Map<string, number>();
    for (const [, key = '', amount] of readFileSync(file, 'utf8').matchAll(/^(\w+):\s+(\d+) kB$/gm))
      kilobytes.set(key, Number(amount));
    const figure = (key: string) => {
      const found = kilobytes.get(key);
      if (found === undefined) throw new UnknownStateError(`${file} has no ${key}`);
      return found;
    };
    const available =
      kilobytes.get('MemAvailable') ?? figure('MemFree') + (kilobytes.get('Buffers') ?? 0) + figure('Cached');
    return {
      availableMb: Math.floor(available / 1024),
      swapTotalMb: Math.floor(figure('SwapTotal') / 1024),
      swapFreeMb: Math.floor(figure('SwapFree') / 1024),
    };
  }

  /** Processes that ran or wanted to, averaged over 15 minutes. */
  loadAverage(): number {
    const file = join(this.#proc, 'loadavg');
    const text = readFileSync(file, 'utf8');
    const load = /^\S+ \S+ (\d+\.?\d*)(\s|$)/.exec(text)?.[1];
    if (load === undefined)
      throw new UnknownStateError(`${file} has no third figure: ${JSON.stringify(cutToLength(text, 80))}`);
    return Number(load);
  }

  /** Processes in state D: they wait for a disk or a network file system, and cannot be killed. */
  async uninterruptibleProcesses(): Promise<number> {
    const ids = readdirSync(this.#proc).filter((name) => /^\d+$/.test(name));
    if (ids.length === 0) throw new UnknownStateError(`${this.#proc} shows no process`);
    let count = 0;
    for (const [at, id] of ids.entries()) {
      if (at % PROCESSES_AT_ONCE === PROCESSES_AT_ONCE - 1) await breathe();
      if (this.#stateOf(id) === 'D') count++;
    }
    return count;
  }

  /** The letter behind the name in parentheses, which may itself hold anything; undefined once the process is gone. */
  #stateOf(id: string): string | undefined {
    let text: string;
    try {
      text = readFileSync(join(this.#proc, id, 'stat'), 'utf8');
    } catch {
      return undefined;
    }
    return text.slice(text.lastIndexOf(')') + 1).trimStart()[0];
  }

  /**
   * Percent of what everyone may use that is used, rounded up: the figure that df shows.
   * @throws Error for a missing path or a file system without blocks
   */
  async percentageUsed(path: string): Promise<number> {
    const { blocks, bfree, bavail } = await this.#calls.call(`statfs ${path}`, () => this.#statfs(path));
    const used = blocks - bfree;
    if (used + bavail <= 0) throw new Error(`the file system of ${path} has no blocks to count`);
    return Math.ceil((used * 100) / (used + bavail));
  }

  /** @throws Error where it cannot be found out, e.g. for a folder without permission to search */
  async exists(path: string): Promise<boolean> {
    return await this.#calls.call(`stat ${path}`, async () => {
      try {
        await stat(path);
        return true;
      } catch (error) {
        if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
          return false;
        throw error;
      }
    });
  }
}
