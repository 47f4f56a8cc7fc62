import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Lets the kernel end the server when the test process dies, however it dies. */
const SETPRIV = '/usr/bin/setpriv';

/** A server of another program that cannot outlive the tests. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #gone: Promise<void>;
  readonly #killAtExit = () => this.#child.kill('SIGKILL');
  #output = '';

  /** @param words the program and all that stands behind it */
  constructor(words: readonly string[]) {
    const [command = '', ...rest] = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', ...words] : words;
    this.#child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    process.once('exit', this.#killAtExit);
    const keep = (text: Buffer) => {
      this.#output = (this.#output + text.toString()).slice(-4000);
    };
    this.#child.stdout?.on('data', keep);
    this.#child.stderr?.on('data', keep);
    this.#gone = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.#output += error.message;
        resolve();
      });
      this.#child.once('exit', () => resolve());
    });
    void this.#gone.then(() => process.off('exit', this.#killAtExit));
  }

  get running(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The last it printed, for the message of a test that failed. */
  get output(): string {
    return this.#output;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** kill -9, and waits until it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#gone;
  }
}
