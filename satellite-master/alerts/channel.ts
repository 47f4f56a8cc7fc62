/** One channel: what is open in it, on every master; and what of that is to be said, on the leader. */
import type { Clock } from '../../shared/clock.ts';
import type { Alert } from './alert/index.ts';
import { HAND_OVER_DOUBT_MS, type LastSent, needsSending, type SendingReason, type Term } from './needs-sending.ts';

export interface ChannelRules {
  readonly clock: Clock;
  readonly term: () => Term;
  readonly repeatMs: number;
  readonly send: (alert: Alert, reason: SendingReason | 'heartbeat') => void;
  /** How many more may be said now; what is said again waits until there is room. */
  readonly room: () => number;
  readonly forgotten: () => void;
}

/** Troubles known at a time: the one looked at longest ago is forgotten first. */
export const MAX_OPEN = 10_000;
/** An open alert without any event for this time is forgotten: its rule sees no resolve. */
export const FORGET_AFTER_MS = 7 * 86_400_000;

interface Trouble {
  /** The newest word. */
  readonly alert: Alert;
  readonly sinceMs: number;
  readonly begunIn: Term;
  readonly heardMs: number;
  /** When and in which term it was last said, or looked at by the ticks: the open ones stand in this order. */
  readonly lookedMs: number;
  readonly lookedIn: Term;
  readonly last: LastSent | undefined;
}

export class Channel {
  readonly #rules: ChannelRules;
  readonly #open = new Map<string, Trouble>();
  /** What was resolved of late while another leads, oldest first: see HAND_OVER_DOUBT_MS. */
  readonly #resolved = new Map<string, Trouble>();

  constructor(rules: ChannelRules) {
    this.#rules = rules;
  }

  /** Troubles that are open. */
  get size(): number {
    return this.#open.size;
  }

  ingest(alert: Alert): void {
    const before = this.#open.get(alert.key);
    if (alert.state === 'trigger') this.#trigger(alert, before);
    else if (before) this.#resolve(alert, before);
  }

  /** A sign of life: on the leader it is said, always. */
  beat(alert: Alert): void {
    if (this.#rules.term() !== undefined) this.#rules.send(alert, 'heartbeat');
  }

  /** All troubles of a host are over. */
  dropHost(host: string, timeS: number): void {
    for (const { alert } of [...this.#open.values()]) {
      if (alert.host !== host) continue;
      const summary = `${alert.service}: ${host} is no longer in the inventory`;
      this.ingest({ ...alert, state: 'resolve', summary, timeS });
    }
  }

  /** This master leads now: what it knows is said once; what is open follows with the ticks, as there is room. */
  lead(): void {
    for (const trouble of this.#resolved.values()) this.#decide(trouble);
    this.#resolved.clear();
    this.tick();
  }

  /** What is due lies first: the work does not grow with what is open. */
  tick(): void {
    const { clock, repeatMs, room, forgotten } = this.#rules;
    const [nowMs, term] = [clock.monoMs(), this.#rules.term()];
    for (const [key, { sinceMs }] of this.#resolved) {
      if (nowMs - sinceMs <= HAND_OVER_DOUBT_MS) break;
      this.#resolved.delete(key);
    }
    for (const [key, trouble] of this.#open) {
      const handedOver = term !== undefined && trouble.lookedIn !== term;
      if (!handedOver && nowMs - trouble.lookedMs < repeatMs) return;
      if (term !== undefined && room() <= 0) return;
      this.#open.delete(key);
      if (nowMs - trouble.heardMs >= FORGET_AFTER_MS) forgotten();
      else this.#putLast(trouble, this.#decide(trouble));
    }
  }

  #trigger(alert: Alert, before: Trouble | undefined): void {
    const { key } = alert;
    const [nowMs, term] = [this.#rules.clock.monoMs(), this.#rules.term()];
    this.#resolved.delete(key);
    const begun = { sinceMs: nowMs, begunIn: term, lookedMs: nowMs, lookedIn: term, last: undefined };
    const sinceS = before?.alert.sinceS ?? alert.sinceS;
    const trouble: Trouble = { ...begun, ...before, alert: { ...alert, sinceS }, heardMs: nowMs };
    const send = this.#decide(trouble);
    if (send || !before) {
      this.#open.delete(key);
      this.#putLast(trouble, send);
      this.#bound(this.#open);
    } else this.#open.set(key, trouble);
  }

  #resolve(alert: Alert, before: Trouble): void {
    const { key } = alert;
    this.#open.delete(key);
    // Receivers know the trouble by the severity that was said of it.
    const severity = before.last?.severity ?? before.alert.severity;
    const over = { ...alert, severity, sinceS: before.alert.sinceS };
    const trouble: Trouble = {
      ...before,
      alert: over,
      sinceMs: this.#rules.clock.monoMs(),
      begunIn: this.#rules.term(),
    };
    if (this.#decide(trouble)) return;
    this.#resolved.set(key, trouble);
    this.#bound(this.#resolved);
  }

  #putLast(trouble: Trouble, isSent: boolean): void {
    const [nowMs, term] = [this.#rules.clock.monoMs(), this.#rules.term()];
    const { key, state, severity } = trouble.alert;
    const last = isSent && term !== undefined ? { state, severity, atMs: nowMs, term } : trouble.last;
    this.#open.set(key, { ...trouble, last, lookedMs: nowMs, lookedIn: term });
  }

  /** @returns whether it was sent */
  #decide({ alert, sinceMs, begunIn, last }: Trouble): boolean {
    const { clock, repeatMs, send } = this.#rules;
    const { state, severity } = alert;
    const now = { state, severity, sinceMs, begunIn, nowMs: clock.monoMs(), term: this.#rules.term(), repeatMs };
    const decision = needsSending(last, now);
    if (decision.send) send(alert, decision.reason);
    return decision.send;
  }

  #bound(troubles: Map<string, Trouble>): void {
    if (troubles.size <= MAX_OPEN) return;
    const [oldest] = troubles.keys();
    if (oldest !== undefined) troubles.delete(oldest);
    this.#rules.forgotten();
  }
}
