/**
 * The rules in force on this master. A new version of the module is loaded beside the old one, hears everything that
 * is live, and takes over only if it is sound; a broken one is told once, and the old rules go on.
 */
import type { Clock, Timer } from '../../../shared/clock.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { Event } from '../../../shared/event.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { type Log, OnceLog } from '../../../shared/log.ts';
import type { ModuleChannels } from '../../alerts/index.ts';
import type { Wishes } from '../../whitelist/automation/index.ts';
import type { RecordEvents } from '../../whitelist/record/index.ts';
import type { RuleEffects } from '../api/index.ts';
import type { JudgeTests, Quiet } from '../host-health/index.ts';
import { defaultModule, loadRulesModule, RulesError, type RulesModule, watchFiles } from '../module/index.ts';
import { RuleSet } from './loaded-module.ts';
import { RuleFaults } from './rule-faults.ts';

export interface LiveRulesOptions {
  /** `streams`; undefined: the default rules. */
  readonly path: string | undefined;
  readonly wishes: Wishes;
  readonly effects: RuleEffects;
  readonly openChannels: () => ModuleChannels;
  readonly managedEventsOf: (host: HostName) => RecordEvents;
  /** `readmit-after.first`. */
  readonly readmitAfterMs: number;
  /** All live events of the index, for a module that takes over. */
  readonly live: () => Iterable<Event>;
  /** A stream threw. */
  readonly counted: (stream: string) => void;
  readonly clock: Clock;
  readonly log: Log;
}

const KEY = 'rules';

export class LiveRules {
  readonly #options: LiveRulesOptions;
  readonly #faults: RuleFaults;
  readonly #once: OnceLog;
  #rules: RuleSet;
  /** What is wrong with the newest version, and which files that was. */
  #broken: RulesError | undefined;
  #watch: Timer | undefined;

  /** @throws RulesError */
  constructor(options: LiveRulesOptions) {
    this.#options = options;
    const { clock, log, counted, path, wishes } = options;
    this.#faults = new RuleFaults({ clock, log, counted });
    this.#once = new OnceLog(log, clock);
    this.#rules = this.#build(path === undefined ? defaultModule : loadRulesModule(path));
    this.#rules.activate(wishes);
    this.#reportJudgement();
  }

  /** What is missing when no rule judges hosts, unless that is intended (docs/judgement.md, rule 30). */
  get noJudgement(): string | undefined {
    return this.#rules.noJudgement;
  }

  /** `ok`, or `stale` with what is wrong with the newest version. */
  get state(): string {
    return this.#broken ? `stale: ${this.#broken.message.split('\n', 1)[0]}` : 'ok';
  }

  get isStale(): boolean {
    return this.#broken !== undefined;
  }

  /** Reloads whenever one of the module's files changes. */
  watch(): void {
    if (this.#options.path === undefined) return;
    this.#watch ??= watchFiles(
      () => [...new Set([...this.#rules.module.files, ...(this.#broken?.files ?? [])])],
      this.#options.clock,
      () => this.reload('a file of it changed'),
    );
  }

  /** @param reason for the log */
  reload(reason: string): void {
    const { path, wishes, live, log } = this.#options;
    if (path === undefined) {
      log.info({ reason }, 'the default rules are in force: nothing to load anew');
      return;
    }
    let next: RuleSet;
    try {
      next = this.#build(loadRulesModule(path));
    } catch (error) {
      const broken =
        error instanceof RulesError ? error : new RulesError([{ place: path, text: messageOf(error) }], []);
      this.#broken = broken;
      this.#once.warn(KEY, `${path} can't be loaded anew, the rules before stay in force: ${broken.message}`);
      return;
    }
    const former = this.#rules;
    next.replace(former, live());
    next.activate(wishes, former);
    former.close();
    this.#rules = next;
    this.#broken = undefined;
    this.#once.recovered(KEY, `${path} is sound again`);
    log.info({ reason, files: next.module.files.length }, `${path} is loaded anew and in force`);
    this.#reportJudgement();
  }

  /** No other events than tests concern them: these need not become objects. */
  get lookAtTestsOnly(): boolean {
    return this.#options.path === undefined;
  }

  stop(): void {
    this.#watch?.cancel();
    this.#rules.close();
  }

  take(event: Event): void {
    this.#rules.take(event);
  }

  /** Follows the time; to be called several times a second. */
  tick(): void {
    this.#rules.tick();
  }

  recordChanged(host: HostName): void {
    this.#rules.recordChanged(host);
  }

  /** The host left the inventory (judgement.md 21). */
  dropHost(host: HostName): void {
    this.#rules.dropHost(host);
  }

  verdictOf(host: HostName): ReturnType<JudgeTests['verdictOf']> {
    return this.#rules.hearing.verdictOf(host);
  }

  heard(): Iterable<HostName> {
    return this.#rules.hearing.heard();
  }

  quiet(): Iterable<Quiet> {
    return this.#rules.hearing.quiet();
  }

  #reportJudgement(): void {
    const { log } = this.#options;
    const { module, noJudgement } = this.#rules;
    if (noJudgement !== undefined)
      log.warn({ module: module.exportPlace, reason: noJudgement }, 'no-judgement: automation turns no host off or on');
  }

  #build(module: RulesModule): RuleSet {
    const { effects, openChannels, managedEventsOf, readmitAfterMs, clock } = this.#options;
    return new RuleSet({
      module,
      effects,
      channels: openChannels(),
      managedEventsOf,
      readmitAfterMs,
      fault: (stream, error, place) => this.#faults.take(stream, error, place),
      clock,
    });
  }
}
