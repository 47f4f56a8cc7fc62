/** Writes an answer bit by bit, no faster than it is read, in turns that leave room for others. */
import type { ServerResponse } from 'node:http';

/** So much is gathered before it is written. */
const CHUNK_CHARACTERS = 64 * 1024;

export class SlowWriter {
  readonly #response: ServerResponse;
  #gathered = '';

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  /** The reader has gone away. */
  get isOver(): boolean {
    return this.#response.destroyed;
  }

  /** Resolves when the next piece may be written. */
  async write(text: string): Promise<void> {
    this.#gathered += text;
    if (this.#gathered.length >= CHUNK_CHARACTERS) await this.flush();
  }

  /** To be called now and then where much is written without waiting in between. */
  add(text: string): void {
    this.#gathered += text;
  }

  /** Whether so much is gathered that it should be written. */
  get isFull(): boolean {
    return this.#gathered.length >= CHUNK_CHARACTERS;
  }

  async flush(): Promise<void> {
    const text = this.#gathered;
    this.#gathered = '';
    if (this.isOver || text === '') return;
    if (!this.#response.write(text)) await drained(this.#response);
    else await new Promise((resolve) => setImmediate(resolve));
  }

  async end(text = ''): Promise<void> {
    await this.write(text);
    await this.flush();
    this.#response.end();
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
