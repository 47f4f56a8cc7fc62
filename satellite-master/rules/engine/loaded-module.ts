/**
 * One rules module, built: events go down its streams. At first it is a candidate, and what it wants stays with it. Once
 * it is in force its flags count and its effects happen. When another module takes its place, all its timers end.
 */
import type { Clock } from '../../../shared/clock.ts';
import type { LongWork } from '../../../shared/cooperative.ts';
import type { Event } from '../../../shared/event.ts';
import type { HostName } from '../../../shared/host-name.ts';
import type { ModuleChannels } from '../../alerts/index.ts';
import { feed, type Stream, type StreamContext } from '../../streams/index.ts';
import type { DesiredFlags } from '../../whitelist/automation/index.ts';
import type { RecordEvents } from '../../whitelist/record/index.ts';
import { createSatellite, type RuleEffects } from '../api/index.ts';
import { ModuleFlags } from '../flags/index.ts';
import { HeldForwards } from '../forwarding/index.ts';
import { type HostAccount, HostJudge } from '../host-health/index.ts';
import { ModuleBuild, placeOf, type RulesModule } from '../module/index.ts';
import { ModuleClock } from './module-clock.ts';

export interface LoadedModuleOptions {
  readonly module: RulesModule;
  readonly effects: RuleEffects;
  readonly channels: ModuleChannels;
  readonly managedEventsOf: (host: HostName) => RecordEvents;
  /** `readmit-after.first`. */
  readonly readmitAfterMs: number;
  /** Called when a stream threw: its name, and where in the module. */
  readonly fault: (stream: string, error: unknown, place: string | undefined) => void;
  readonly clock: Clock;
}

/** The clock is looked at after this many steps of a long piece of work. */
const STEPS_AT_ONCE = 32;

export class LoadedModule {
  readonly module: RulesModule;
  readonly flags = new ModuleFlags();
  readonly #clock: ModuleClock;
  readonly #context: StreamContext;
  readonly #streams: readonly Stream[];
  readonly #accounts = new Map<string, HostAccount>();
  readonly #declared = new Set<string>();
  readonly #managedEventsOf: (host: HostName) => RecordEvents;
  readonly #channels: ModuleChannels;
  readonly #forwards: HeldForwards;
  #state: 'building' | 'candidate' | 'in force' | 'closed' = 'building';
  #incoming: Event | undefined;
  #judges: boolean;

  /** @throws RulesError with all that is wrong */
  constructor({ module, effects, channels, managedEventsOf, readmitAfterMs, fault, clock }: LoadedModuleOptions) {
    this.module = module;
    this.#judges = module.callsHostAction ?? false;
    this.#channels = channels;
    this.#forwards = new HeldForwards(effects);
    this.#managedEventsOf = managedEventsOf;
    const report = (stream: string, error: unknown) => fault(stream, error, placeOf(error, module.files));
    this.#clock = new ModuleClock(clock, (error) => report('timer', error));
    this.#context = { clock: this.#clock, fault: report };
    const build = new ModuleBuild(module);
    const satellite = createSatellite({
      context: this.#context,
      effects: this.#gated(effects),
      channels: channels.functions,
      desired: this.flags,
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
    this.#state = 'candidate';
  }

  /** What is missing when no rule of it judges hosts, unless that is intended (docs/judgement.md, rule 30). */
  get noJudgement(): string | undefined {
    if (this.#judges || this.module.withoutHostJudgement) return undefined;
    const found = this.#streams.length === 0 ? 'the default export gives no streams' : 'no rule judges hosts';
    return `${found}: add judgeTests(), or export const withoutHostJudgement = true`;
  }

  /** An event goes down the streams. */
  ingest(event: Event): void {
    this.#incoming = event;
    feed(this.#context, 'streams', this.#streams, event);
    this.#incoming = undefined;
  }

  /** To be called several times a second. */
  tick(): void {
    for (const account of this.#accounts.values()) this.#guarded(() => account.tick?.());
    this.flags.tick(this.#clock.monoMs());
  }

  recordChanged(host: HostName): void {
    this.flags.recordChanged(host, this.#managedEventsOf(host));
    for (const account of this.#accounts.values()) this.#guarded(() => account.recordChanged?.(host));
  }

  dropHost(host: HostName): void {
    this.flags.dropHost(host);
    for (const account of this.#accounts.values()) this.#guarded(() => account.dropHost?.(host));
  }

  /** The tests that take part in the verdict on the host, as the module's judges see it. */
  countingTests(host: HostName): readonly string[] {
    const verdicts = [...this.#accounts.values()].flatMap((account) =>
      account instanceof HostJudge ? (account.verdictOf(host)?.verdict ?? []) : [],
    );
    const speaking = verdicts.find(({ heard, kind }) => heard && kind !== 'silent');
    return (speaking ?? verdicts.find(({ heard }) => heard) ?? verdicts[0])?.services ?? [];
  }

  /**
   * Gets ready to take the place of the module before: every live event goes down its streams, so that no host loses a
   * flag and no clock starts again. Alerts and figures see these events, too: they are levels and may be repeated.
   */
  *prepare(former: LoadedModule, live: Iterable<Event>): LongWork {
    for (const [key, account] of this.#accounts) this.#guarded(() => account.inherit?.(former.#accounts.get(key)));
    let steps = 0;
    for (const event of live) {
      this.ingest(event);
      if (++steps % STEPS_AT_ONCE === 0) yield;
    }
    for (const account of this.#accounts.values()) {
      let settling: Iterator<void> | undefined;
      this.#guarded(() => {
        settling = account.settle?.() ?? undefined;
      });
      while (settling && !this.#isDone(settling)) if (++steps % STEPS_AT_ONCE === 0) yield;
    }
  }

  /**
   * From the first step on what it wants counts and its effects happen, and nothing of the module before does; what was
   * wanted until then is handed over step by step.
   */
  *activate(target: DesiredFlags, former?: LoadedModule): LongWork {
    this.#state = 'in force';
    if (former) former.#state = 'candidate';
    const nowMs = this.#clock.monoMs();
    const handover = this.flags.activate(target, former?.flags, (rule) => this.#declared.has(rule), nowMs);
    let steps = 0;
    for (const _ of handover) if (++steps % STEPS_AT_ONCE === 0) yield;
  }

  /** Nothing of it happens any more. */
  close(): void {
    this.#state = 'closed';
    this.#clock.close();
    this.#channels.release();
    this.#forwards.release();
  }

  /** While it is a candidate nothing happens that would happen again, and after its end nothing at all. */
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

  #isDone(work: Iterator<void>): boolean {
    let done = true;
    this.#guarded(() => {
      done = work.next().done === true;
    });
    return done;
  }

  /** A fault of one account stops neither the others nor the engine. */
  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#context.fault('account', error);
    }
  }
}
