/** The rules and what they can do on this master: puts the module in force, its figures and its effects together. */
import type { Clock } from '../shared/clock.ts';
import type { Event } from '../shared/event.ts';
import type { Log } from '../shared/log.ts';
import type { ModuleChannels } from './alerts/index.ts';
import { LiveRules, RuleStats } from './rules/engine/index.ts';
import { Forwarding } from './rules/forwarding/index.ts';
import type { Metrics } from './stats/index.ts';
import type { Wishes } from './whitelist/automation/index.ts';
import type { Replica } from './whitelist/index.ts';

export interface RulesSideOptions {
  /** `streams`; undefined: the default rules. */
  readonly path: string | undefined;
  /** `readmit-after.first`. */
  readonly readmitAfterMs: number;
  readonly wishes: Wishes;
  readonly replica: Replica;
  /** Takes an event that a rule made. */
  readonly index: (event: Event) => void;
  /** All live events. */
  readonly live: () => Iterable<Event>;
  readonly openChannels: () => ModuleChannels;
  /** Whether this master leads: only then events are sent on. */
  readonly leads: () => boolean;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
}

export class RulesSide {
  readonly rules: LiveRules;
  readonly #stats: RuleStats;
  readonly #forwarding: Forwarding;

  /** @throws RulesError */
  constructor(options: RulesSideOptions) {
    const { path, readmitAfterMs, wishes, replica, index, live, leads, metrics, clock, log } = options;
    const forwarding = new Forwarding({ leads, metrics, clock, log });
    this.#forwarding = forwarding;
    this.#stats = new RuleStats(clock);
    this.rules = new LiveRules({
      path,
      wishes,
      effects: {
        index,
        log: (message, item) => log.info({ item }, message),
        forward: (address, events) => forwarding.forward(address, events),
        holdForward: (address) => forwarding.hold(address),
        releaseForward: (address) => forwarding.release(address),
        stat: (name, value, ttlS) => this.#stats.set(name, value, ttlS),
        tap: () => undefined,
      },
      openChannels: options.openChannels,
      managedEventsOf: (host) => replica.get(host)?.record?.['managed-events'] ?? {},
      readmitAfterMs,
      live,
      counted: (stream) => metrics.ruleFaults.inc({ stream }),
      clock,
      log,
    });
  }

  /** What users' rules add to `/metrics/snapshot`. */
  figures(): Readonly<Record<string, number>> {
    return this.#stats.snapshot();
  }

  readiness(): Readonly<Record<string, string>> {
    const { state, noJudgement } = this.rules;
    return { rules: state, judgement: noJudgement === undefined ? 'ok' : `no-judgement: ${noJudgement}` };
  }

  /** Ends the rules, and sends what waits to be sent on; at most about `deadlineMs`. */
  async close(deadlineMs: number): Promise<void> {
    this.rules.stop();
    await this.#forwarding.close(deadlineMs);
  }

  fill(metrics: Metrics): void {
    metrics.waiting.set({ queue: 'forward' }, this.#forwarding.waiting);
    metrics.rulesStale.set(this.rules.isStale ? 1 : 0);
    metrics.noJudgement.set(this.rules.noJudgement === undefined ? 0 : 1);
  }
}
