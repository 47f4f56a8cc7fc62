/** Where two rules, played on one recording, turn hosts differently. Pure. */
import { byCodeUnit } from '../../shared/text.ts';
import type { Turn } from './simulated-master.ts';

export interface Difference {
  /** `differs`: both turn the host the same way, at another time or for another reason. */
  readonly kind: 'only-in-first' | 'only-in-second' | 'differs';
  readonly turn: Turn;
  /** With `differs`: what the second does. */
  readonly second?: Turn;
}

/** What lies further apart is not the same turn any more. */
const SAME_WITHIN_S = 600;
/** What is less is no difference: it comes from ticks and the order of hosts within one. */
const SAME_TIME_S = 1;

export function differencesOf(first: readonly Turn[], second: readonly Turn[]): readonly Difference[] {
  const [ofFirst, ofSecond] = [byHost(first), byHost(second)];
  const differences: Difference[] = [];
  for (const host of new Set([...ofFirst.keys(), ...ofSecond.keys()]))
    differences.push(...differencesOfHost(ofFirst.get(host) ?? [], ofSecond.get(host) ?? []));
  return differences.sort((a, b) => a.turn.time - b.turn.time || byCodeUnit(a.turn.host, b.turn.host));
}

function* differencesOfHost(first: readonly Turn[], second: readonly Turn[]): Iterable<Difference> {
  let a = 0;
  let b = 0;
  for (;;) {
    const one = first[a];
    const other = second[b];
    if (!one && !other) return;
    if (one && other && one.to === other.to && Math.abs(one.time - other.time) <= SAME_WITHIN_S) {
      a++;
      b++;
      if (Math.abs(one.time - other.time) > SAME_TIME_S || one.reason !== other.reason)
        yield { kind: 'differs', turn: one, second: other };
    } else if (one && (!other || one.time <= other.time)) {
      a++;
      yield { kind: 'only-in-first', turn: one };
    } else if (other) {
      b++;
      yield { kind: 'only-in-second', turn: other };
    }
  }
}

function byHost(turns: readonly Turn[]): ReadonlyMap<string, readonly Turn[]> {
  const hosts = new Map<string, Turn[]>();
  for (const turn of turns) {
    const ofHost = hosts.get(turn.host);
    if (ofHost) ofHost.push(turn);
    else hosts.set(turn.host, [turn]);
  }
  return hosts;
}
