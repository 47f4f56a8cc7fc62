/** What the house does for rules. Rules only say it; whether this master acts on it is the house's business. */
import type { Event } from '../../../shared/event.ts';
import type { StreamEvent } from '../../streams/index.ts';

export interface RuleEffects {
  /** Makes it the newest of its host and service; one with the state `expired` takes that out. */
  readonly index: (event: Event) => void;
  readonly log: (message: string, item: unknown) => void;
  /** @param address of another Riemann or Satellite, `host:port` */
  readonly forward: (address: string, events: readonly StreamEvent[]) => void;
  /** A module forwards there from now on, until it lets go; each module once for an address. */
  readonly holdForward?: (address: string) => void;
  readonly releaseForward?: (address: string) => void;
  /** A figure for `/metrics/snapshot` that holds for so many seconds. */
  readonly stat: (name: string, value: number, ttlS: number) => void;
  /** What passes a `tap`; only the test bench looks. */
  readonly tap: (name: string, item: unknown) => void;
}

const nothing = () => undefined;

/** Where nothing is wired, as in `--check`. */
export const noRuleEffects: RuleEffects = {
  index: nothing,
  log: nothing,
  forward: nothing,
  stat: nothing,
  tap: nothing,
};
