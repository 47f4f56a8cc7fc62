/** A mesos-master's `--whitelist`, read as the real one reads it: now and then, whole, compared byte for byte. */
import { readFileSync } from 'node:fs';

export class WhitelistFlag {
  readonly path: string;
  /** undefined: no file at the start, so every agent is accepted. */
  #hosts: ReadonlySet<string> | undefined;

  constructor(path: string) {
    this.path = path;
    this.read();
  }

  get hosts(): ReadonlySet<string> | undefined {
    return this.#hosts;
  }

  allows(hostname: string): boolean {
    return this.#hosts?.has(hostname) ?? true;
  }

  /** Missing or unreadable: the last list stays. */
  read(): void {
    try {
      const lines = readFileSync(this.path, 'utf8').split('\n');
      this.#hosts = new Set(lines.filter((line) => line !== ''));
    } catch {
      // as mesos-master
    }
  }
}
