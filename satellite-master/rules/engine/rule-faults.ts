/** A stream of a rules module threw: counted each time, logged once a minute for each name. */
import type { Clock } from '../../../shared/clock.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { Log } from '../../../shared/log.ts';

export interface RuleFaultsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly counted: (stream: string) => void;
}

const EVERY_MS = 60_000;
/** Names come from the code of a module; beyond this many only the sum is counted. */
const MAX_NAMES = 200;
const OTHERS = 'others';

export class RuleFaults {
  readonly #options: RuleFaultsOptions;
  readonly #names = new Map<string, { loggedMs: number; suppressed: number }>();

  constructor(options: RuleFaultsOptions) {
    this.#options = options;
  }

  /** @param place `file:line` in the module, where it is known */
  take(stream: string, error: unknown, place: string | undefined): void {
    const { clock, log, counted } = this.#options;
    const name = this.#names.has(stream) || this.#names.size < MAX_NAMES ? stream : OTHERS;
    counted(name);
    const nowMs = clock.monoMs();
    const known = this.#names.get(name);
    if (known && nowMs - known.loggedMs < EVERY_MS) {
      known.suppressed++;
      return;
    }
    const suppressed = known?.suppressed ?? 0;
    this.#names.set(name, { loggedMs: nowMs, suppressed: 0 });
    log.warn(
      { stream: name, place, err: messageOf(error), ...(suppressed > 0 ? { suppressed } : {}) },
      'a child of a stream failed',
    );
  }
}
