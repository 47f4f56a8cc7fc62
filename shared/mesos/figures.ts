/**
 * The figures of one Mesos process, `/metrics/snapshot`: Mesos answers two requests a second whoever asks,
 * so all who want them share what comes.
 */
import type { Clock } from '../clock.ts';

/** Names as Mesos gives them, `master/elected`; numbers only. */
export type Figures = Readonly<Record<string, number>>;

/** @param atMs when they came, on the monotonic clock */
export type FiguresListener = (figures: Figures, atMs: number) => void;

const MAX_A_SECOND = 2;

export class SharedFigures {
  readonly #fetch: () => Promise<Figures>;
  readonly #clock: Clock;
  readonly #listeners: FiguresListener[] = [];
  #last: Promise<Figures> | undefined;
  #pending = false;
  /** When the last requests went out, monotonic ms. */
  #askedMs: number[] = [];

  constructor(fetch: () => Promise<Figures>, clock: Clock) {
    this.#fetch = fetch;
    this.#clock = clock;
  }

  /** Hears every answer, whoever asked for it. */
  onFigures(listener: FiguresListener): void {
    this.#listeners.push(listener);
  }

  /**
   * Asks, or shares the answer that is on its way, or where the second is used up the last one.
   * @throws what the fetch throws, for all who share it
   */
  get(): Promise<Figures> {
    const nowMs = this.#clock.monoMs();
    this.#askedMs = this.#askedMs.filter((askedMs) => nowMs - askedMs < 1_000);
    if (this.#last && (this.#pending || this.#askedMs.length >= MAX_A_SECOND)) return this.#last;
    this.#askedMs.push(nowMs);
    this.#pending = true;
    this.#last = this.#ask();
    return this.#last;
  }

  async #ask(): Promise<Figures> {
    try {
      const figures = await this.#fetch();
      const atMs = this.#clock.monoMs();
      for (const listener of this.#listeners) listener(figures, atMs);
      return figures;
    } finally {
      this.#pending = false;
    }
  }
}
