/** What was refused lately, so that a master on which events are lost says so. */
import type { Refusal } from './index-bounds.ts';

/** So long after the last one a refusal is shown. */
const SHOWN_MS = 300_000;

interface Episode {
  count: number;
  lastMs: number;
  /** The newest. */
  refusal: Refusal;
  host: string | undefined;
}

export class RefusalLog {
  #episode: Episode | undefined;

  /** @param nowMs monotonic */
  add(refusal: Refusal, host: string | undefined, nowMs: number): void {
    const count = this.#current(nowMs)?.count ?? 0;
    this.#episode = { count: count + 1, lastMs: nowMs, refusal, host };
  }

  /** For `/readyz`. */
  state(nowMs: number): string {
    const episode = this.#current(nowMs);
    if (!episode) return 'ok';
    const { count, refusal, host } = episode;
    const where = host !== undefined && (refusal === 'services-full' || refusal === 'tests-full') ? ` of ${host}` : '';
    return `${refusal}: ${count} new events were not kept, the last one${where}`;
  }

  #current(nowMs: number): Episode | undefined {
    return this.#episode && nowMs - this.#episode.lastMs < SHOWN_MS ? this.#episode : undefined;
  }
}
