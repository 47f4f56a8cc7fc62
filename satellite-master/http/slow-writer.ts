/** Writes an answer in pieces, no faster than it is read, and yields to other work in between. */
import type { ServerResponse } from 'node:http';

/** Text is buffered up to this length before it is written. */
const CHUNK_CHARACTERS = 64 * 1024;

export class SlowWriter {
  readonly #response: ServerResponse;
  #gathered = '';

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  /** The client has disconnected. */
  get isOver(): boolean {
    return this.#response.destroyed;
  }

  /** Resolves when the next piece may be written. */
  async write(text: string): Promise<void> {
    this.#gathered += text;
    if (this.#gathered.length >= CHUNK_CHARACTERS) await this.flush();
  }

  /** Buffers text; the caller flushes when {@link isFull}. */
  add(text: string): void {
    this.#gathered += text;
  }

  /** Whether the buffer should be flushed. */
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
