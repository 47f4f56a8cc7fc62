import { SatelliteError } from '../../shared/errors.ts';
import type { TaskMetadata } from './store.ts';

export interface WaitingPut {
  readonly tasks: readonly TaskMetadata[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Requests that wait for the disk, bounded by the bytes of their states. */
export class WaitingPuts {
  readonly #maxBytes: number;
  readonly #line: WaitingPut[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#line.length;
  }

  /**
   * @returns settled by whoever takes it out of the line
   * @throws SatelliteError overloaded
   */
  async add(tasks: readonly TaskMetadata[]): Promise<void> {
    const bytes = tasks.reduce((sum, { id, state }) => sum + id.length + state.length, 0);
    if (this.#bytes + bytes > this.#maxBytes)
      throw new SatelliteError('overloaded', 'too much task metadata waits for the disk: come again');
    this.#bytes += bytes;
    try {
      await new Promise<void>((resolve, reject) => this.#line.push({ tasks, resolve, reject }));
    } finally {
      this.#bytes -= bytes;
    }
  }

  /** Takes the first out, as many as have `most` tasks together; always one if any waits. */
  take(most: number): WaitingPut[] {
    let tasks = 0;
    let end = 0;
    for (const waiting of this.#line) {
      if (end > 0 && tasks + waiting.tasks.length > most) break;
      tasks += waiting.tasks.length;
      end++;
    }
    return this.#line.splice(0, end);
  }
}
