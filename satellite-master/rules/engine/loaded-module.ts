/**
 * One rules module, built: events go down its streams. First it is only tried: what it wishes stays with it. Once it is
 * in force (`activate`) its wishes count and its effects happen; when it is replaced, all its timers end.
 */
import type { Clock } from '../../../shared/clock.ts';
import type { Event } from '../../../shared/event.ts';
import type { HostName } from '../../../shared/host-name.ts';
import type { ModuleChannels } from '../../alerts/index.ts';
import { feed, type Stream, type StreamContext } from '../../streams/index.ts';
import type { Wishes } from '../../whitelist/automation/index.ts';
import type { RecordEvents } from '../../whitelist/record/index.ts';
import type { RuleEffects } from '../api/index.ts';
import { createSatellite, type HostAccount } from '../api/index.ts';
import { HeldForwards } from '../forwarding/index.ts';
import { JudgeTests } from '../host-health/index.ts';
import type { RulesModule } from '../module/index.ts';
import { ModuleBuild, placeOf } from '../module/index.ts';
import { Hearing } from './hearing.ts';
import { RuleClock } from './module-clock.ts';
import { RuleWishes } from './module-flags.ts';

export interface RuleSetOptions {
  readonly module: RulesModule;
  readonly effects: RuleEffects;
  readonly channels: ModuleChannels;
  readonly managedEventsOf: (host: HostName) => RecordEvents;
  /** `readmit-after.first`. */
  readonly readmitAfterMs: number;
  /** A stream threw: its name, and where in the module. */
  readonly fault: (stream: string, error: unknown, place: string | undefined) => void;
  readonly clock: Clock;
}

export class RuleSet {
  readonly module: RulesModule;
  readonly wishes = new RuleWishes();
  readonly hearing: Hearing;
  readonly #clock: RuleClock;
  readonly #context: StreamContext;
  readonly #streams: readonly Stream[];
  readonly #accounts = new Map<string, HostAccount>();
  readonly #declared = new Set<string>();
  readonly #managedEventsOf: (host: HostName) => RecordEvents;
  readonly #channels: ModuleChannels;
  readonly #forwards: HeldForwards;
  #state: 'building' | 'tried' | 'in force' | 'closed' = 'building';
  #incoming: Event | undefined;
  #judges: boolean;

  /** @throws RulesError with all that is wrong */
  constructor({ module, effects, channels, managedEventsOf, readmitAfterMs, fault, clock }: RuleSetOptions) {
    this.module = module;
    this.#judges = module.callsHostAction ?? false;
    this.#channels = channels;
    this.#forwards = new HeldForwards(effects);
    this.#managedEventsOf = managedEventsOf;
    const report = (stream: string, error: unknown) => fault(stream, error, placeOf(error, module.files));
    this.#clock = new RuleClock(clock, (error) => report('timer', error));
    this.#context = { clock: this.#clock, fault: report };
    const build = new ModuleBuild(module);
    const satellite = createSatellite({
      context: this.#context,
      effects: this.#gated(effects),
      channels: channels.functions,
      wishes: this.wishes,
      managedEventsOf,
      readmitAfterMs,
      accounts: this.#accounts,
      declared: (rule) => this.#declared.add(rule),
      judges: () => {
        this.#judges = true;
      },
      guard: (given) => build.guard(given),
      incoming: () => this.#incoming,
      rehearse: (make) => {
        if (this.#state === 'building') this.#clock.rehearse(make);
      },
    });
    try {
      this.#streams = build.streams(satellite);
    } catch (error) {
      this.close();
      throw error;
    }
    const testJudges = [...this.#accounts.values()].filter((account) => account instanceof JudgeTests);
    this.hearing = new Hearing(testJudges, this.#clock, readmitAfterMs);
    this.#state = 'tried';
  }

  /** What is missing when no rule of it judges hosts, unless that is intended (docs/judgement.md, rule 30). */
  get noJudgement(): string | undefined {
    if (this.#judges || this.module.withoutHostJudgement) return undefined;
    const found = this.#streams.length === 0 ? 'the default export gives no streams' : 'no rule judges hosts';
    return `${found}: add judgeTests(), or export const withoutHostJudgement = true`;
  }

  take(event: Event): void {
    this.#incoming = event;
    feed(this.#context, 'streams', this.#streams, event);
    this.#incoming = undefined;
    this.hearing.take(event);
  }

  tick(): void {
    for (const account of this.#accounts.values()) this.#tell(() => account.tick?.());
    this.hearing.tick();
    this.wishes.tick(this.#clock.monoMs());
  }

  recordChanged(host: HostName): void {
    this.wishes.recordChanged(host, this.#managedEventsOf(host));
    for (const account of this.#accounts.values()) this.#tell(() => account.recordChanged?.(host));
  }

  dropHost(host: HostName): void {
    this.wishes.dropHost(host);
    for (const account of this.#accounts.values()) this.#tell(() => account.dropHost?.(host));
    this.hearing.dropHost(host);
  }

  /**
   * Gets ready to take the place of the module before: hears everything that is live, so that no host loses a wish and
   * no clock begins anew. Alerts and figures hear that too: they are levels, which may be said twice.
   */
  replace(former: RuleSet, live: Iterable<Event>): void {
    const accounts = [...this.#accounts];
    for (const [key, account] of accounts) {
      const before = former.#accounts.get(key) ?? (account instanceof JudgeTests ? former.hearing.main : undefined);
      this.#tell(() => account.inherit?.(before));
    }
    this.hearing.inherit(former.hearing);
    for (const event of live) this.take(event);
    for (const [, account] of accounts) this.#tell(() => account.settle?.());
    this.hearing.settle();
  }

  /** From now on what it says counts. */
  activate(target: Wishes, former?: RuleSet): void {
    this.wishes.activate(target, former?.wishes, (rule) => this.#declared.has(rule), this.#clock.monoMs());
    this.#state = 'in force';
  }

  /** Nothing of it happens any more. */
  close(): void {
    this.#state = 'closed';
    this.#clock.close();
    this.#channels.release();
    this.#forwards.release();
  }

  /** Before it is in force nothing happens that would happen again, and afterwards nothing at all. */
  #gated(effects: RuleEffects): RuleEffects {
    const inForce = () => this.#state === 'in force';
    return {
      index: (event) => inForce() && effects.index(event),
      log: (message, item) => inForce() && effects.log(message, item),
      forward: (address, events) => inForce() && effects.forward(address, events),
      holdForward: (address) => this.#state !== 'closed' && this.#forwards.hold(address),
      tap: (name, item) => inForce() && effects.tap(name, item),
      stat: (name, value, ttlS) => this.#state !== 'closed' && effects.stat(name, value, ttlS),
    };
  }

  #tell(say: () => void): void {
    try {
      say();
    } catch (error) {
      this.#context.fault('account', error);
    }
  }
}
