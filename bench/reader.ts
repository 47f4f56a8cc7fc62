/** Reads a whitelist file as soon as it is replaced, as mesos-master would, but without a pause. */
import { readFileSync, type Stats, statSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

const LOOK_MS = 1;

export class FileReader {
  readonly #path: string;
  #inode = -1;
  #content = '\n';

  constructor(path: string) {
    this.#path = path;
  }

  get lines(): number {
    this.#look();
    return this.#content.split('\n').length - 2;
  }

  has(line: string): boolean {
    this.#look();
    return this.#content.includes(`\n${line}\n`);
  }

  #look(): void {
    const stat: Stats | undefined = statSync(this.#path, { throwIfNoEntry: false });
    if (!stat || stat.ino === this.#inode) return;
    this.#inode = stat.ino;
    this.#content = `\n${readFileSync(this.#path, 'latin1')}`;
  }
}

/**
 * Looks again and again.
 * @returns when it was so, on performance.now()
 * @throws Error when it does not come true
 */
export async function whenSeen(isSo: () => boolean, what: string, withinMs = 30_000): Promise<number> {
  const endMs = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`waited ${withinMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return performance.now();
}
