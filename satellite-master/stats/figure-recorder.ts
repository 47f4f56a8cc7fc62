/** Notes the figures every 10 s, and keeps their history in `data-dir` over restarts. A fault here is logged and stops nothing. */
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileAtomically } from '../../shared/atomic-file.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { type Log, OnceLog } from '../../shared/log.ts';
import { FigureHistory, LEVELS } from './figure-history.ts';

export interface FigureRecorderOptions {
  readonly dataDir: string;
  /** The figures as they are now. */
  readonly figures: () => Readonly<Record<string, number>>;
  readonly clock: Clock;
  readonly log: Log;
}

const NOTE_MS = LEVELS[0].stepS * 1000;
const SAVE_MS = 60_000;

export class FigureRecorder {
  readonly history = new FigureHistory();
  readonly #options: FigureRecorderOptions;
  readonly #path: string;
  readonly #once: OnceLog;
  #timers: readonly Timer[] = [];
  #saving: Promise<void> | undefined;

  constructor(options: FigureRecorderOptions) {
    this.#options = options;
    this.#path = join(options.dataDir, 'figures.history');
    this.#once = new OnceLog(options.log, options.clock);
  }

  /** Never rejects. */
  async start(): Promise<void> {
    await this.#load();
    this.#note();
    const { clock } = this.#options;
    this.#timers = [clock.every(NOTE_MS, () => this.#note()), clock.every(SAVE_MS, () => void this.save())];
  }

  /** Saves for the last time. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    await this.#saving;
    if (this.#timers.length > 0) await this.save();
  }

  /** Never rejects; one at a time. */
  save(): Promise<void> {
    this.#saving ??= this.#save().finally(() => {
      this.#saving = undefined;
    });
    return this.#saving;
  }

  #note(): void {
    const { clock, figures } = this.#options;
    this.history.record(clock.wallMs() / 1000, figures());
  }

  async #save(): Promise<void> {
    try {
      await mkdir(dirname(this.#path), { recursive: true });
      await writeFileAtomically(this.#path, this.history.save());
      this.#once.recovered('save', 'history of figures saved again', { path: this.#path });
    } catch (error) {
      this.#once.warn('save', 'failed to save the history of figures', { path: this.#path, err: messageOf(error) });
    }
  }

  async #load(): Promise<void> {
    try {
      this.history.load(await readFile(this.#path));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
      this.#once.warn('load', 'failed to load the history of figures, starting without it', {
        path: this.#path,
        err: messageOf(error),
      });
    }
  }
}
