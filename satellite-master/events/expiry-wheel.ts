/** When things run out, to a tenth of a second: to put one off costs nothing until its turn comes. */

/** Something that runs out. */
export interface Due {
  /** Monotonic ms. */
  readonly expiresMs: number;
  /** Kept by the wheel: the turn in which it is looked at; -1: in none. */
  turn: number;
  /** It is passed over. */
  readonly gone: boolean;
}

const TURN_MS = 100;
/** Stale places allowed beyond the number of live ones. */
const SLACK = 64;
/** A turn that is this far ahead is looked for at the most; so much time passes between two calls only in a stall. */
const MAX_STEPS = 100_000;

export class ExpiryWheel<T extends Due> {
  readonly #turns = new Map<number, T[]>();
  /** Places in all turns, and how many of them are of what is gone or has another place. */
  #places = 0;
  #stale = 0;
  /** The last turn that has been dealt with whole. */
  #done: number;

  constructor(nowMs: number) {
    this.#done = turnOf(nowMs) - 1;
  }

  /** To be called when `expiresMs` was set; later is free, earlier takes another place. */
  set(due: T): void {
    const turn = Math.max(turnOf(due.expiresMs), this.#done + 1);
    if (due.turn >= 0) {
      if (due.turn <= turn) return;
      this.#stale++;
    }
    due.turn = turn;
    this.#places++;
    const others = this.#turns.get(turn);
    if (others) others.push(due);
    else this.#turns.set(turn, [due]);
    this.#keepInProportion();
  }

  /** It is gone: its place is left behind in time. */
  delete(due: T): void {
    if (due.turn < 0) return;
    this.#stale++;
    this.#keepInProportion();
  }

  /** Places held in memory; never more than about twice what is due some time. */
  get places(): number {
    return this.#places;
  }

  /** Takes out what is due at `nowMs` or before, earliest first. */
  popDue(nowMs: number): T[] {
    const due: T[] = [];
    const now = turnOf(nowMs);
    for (const turn of this.#turnsUpTo(now)) {
      const members = this.#turns.get(turn) ?? [];
      this.#turns.delete(turn);
      if (turn < now) this.#done = Math.max(this.#done, turn);
      this.#places -= members.length;
      for (const one of members) {
        if (one.gone || one.turn !== turn) {
          this.#stale--;
          continue;
        }
        one.turn = -1;
        if (one.expiresMs <= nowMs) due.push(one);
        else this.set(one);
      }
    }
    this.#done = Math.max(this.#done, now - 1);
    return due.sort((a, b) => a.expiresMs - b.expiresMs);
  }

  #keepInProportion(): void {
    if (this.#stale <= this.#places / 2 + SLACK) return;
    this.#places = 0;
    this.#stale = 0;
    for (const [turn, members] of this.#turns) {
      const live = members.filter((one) => !one.gone && one.turn === turn);
      this.#places += live.length;
      if (live.length > 0) this.#turns.set(turn, live);
      else this.#turns.delete(turn);
    }
  }

  #turnsUpTo(now: number): number[] {
    const turns: number[] = [];
    if (now - this.#done > MAX_STEPS) {
      for (const turn of this.#turns.keys()) if (turn <= now) turns.push(turn);
      return turns.sort((a, b) => a - b);
    }
    for (let turn = this.#done + 1; turn <= now; turn++) if (this.#turns.has(turn)) turns.push(turn);
    return turns;
  }
}

function turnOf(ms: number): number {
  return Math.floor(ms / TURN_MS);
}
