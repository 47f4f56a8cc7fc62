/**
 * The rules in force on this master. A new version of the module is built beside the one in force, gets every live
 * event, and takes over only if it is sound. A broken one is reported once, and the previous version stays.
 */
import type { Clock, Timer } from '../../../shared/clock.ts';
import { type LongWork, Turns } from '../../../shared/cooperative.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { Event } from '../../../shared/event.ts';
import type { HostName } from '../../../shared/host-name.ts';
import type { Log } from '../../../shared/log.ts';
import type { ModuleChannels } from '../../alerts/index.ts';
import type { EventHub, HubSubscriber, Origin } from '../../events/index.ts';
import type { DesiredFlags } from '../../whitelist/automation/index.ts';
import type { RecordEvents } from '../../whitelist/record/index.ts';
import type { RuleEffects } from '../api/index.ts';
import { defaultModule, loadRulesModule, RulesError, type RulesModule, watchFiles } from '../module/index.ts';
import { LoadedModule } from './loaded-module.ts';

/** Where the rules come from. */
export interface RulesSource {
  /** What runs first. */
  readonly module: RulesModule;
  /** Reads the module again when its files have changed; undefined: it never changes. @throws RulesError */
  readonly load?: () => RulesModule;
  /** false: only events of tests concern the module. Default true. */
  readonly wantsAll?: boolean;
}

export interface RulesEngineOptions {
  readonly source: RulesSource;
  readonly hub: EventHub;
  readonly flags: DesiredFlags;
  readonly effects: RuleEffects;
  readonly openChannels: () => ModuleChannels;
  readonly managedEventsOf: (host: HostName) => RecordEvents;
  /** `readmit-after.first`. */
  readonly readmitAfterMs: number;
  /** A stream threw: its name, and where in the module. */
  readonly fault: (stream: string, error: unknown, place: string | undefined) => void;
  readonly clock: Clock;
  readonly log: Log;
}

export class RulesEngine implements HubSubscriber {
  readonly wants: 'tests' | 'all';
  readonly #options: RulesEngineOptions;
  readonly #turns: Turns;
  #inForce: LoadedModule;
  /** A new version that gets all events, but does not count yet. */
  #candidate: LoadedModule | undefined;
  /** A reload was asked for while another was under way: why. */
  #reloadAgain: string | undefined;
  /** What is wrong with the newest version, and which files that was. */
  #broken: RulesError | undefined;
  #watch: Timer | undefined;
  readonly #unsubscribe: () => void;

  /** Subscribes to the hub. @throws RulesError with all that is wrong with the module */
  constructor(options: RulesEngineOptions) {
    this.#options = options;
    const { source, flags, hub, clock } = options;
    this.wants = source.wantsAll === false ? 'tests' : 'all';
    this.#turns = new Turns(clock);
    this.#inForce = this.#build(source.module);
    // Nothing has happened yet that would be handed over.
    for (const _ of this.#inForce.activate(flags));
    this.#unsubscribe = hub.subscribe(this);
    this.#reportJudgement();
  }

  /** What is missing when no rule judges hosts, unless that is intended (docs/judgement.md, rule 30). */
  get noJudgement(): string | undefined {
    return this.#inForce.noJudgement;
  }

  /** `ok`, or `stale` with what is wrong with the newest version. */
  get state(): string {
    return this.#broken ? `stale: ${this.#broken.message.split('\n', 1)[0]}` : 'ok';
  }

  get isStale(): boolean {
    return this.#broken !== undefined;
  }

  /** Reloads whenever one of the module's files changes. */
  start(): void {
    if (this.#options.source.load === undefined) return;
    this.#watch ??= watchFiles(
      () => [...new Set([...this.#inForce.module.files, ...(this.#broken?.files ?? [])])],
      this.#options.clock,
      () => this.reload('a file changed'),
    );
  }

  stop(): void {
    this.#unsubscribe();
    this.#watch?.cancel();
    this.#turns.stop();
    this.#candidate?.close();
    this.#inForce.close();
  }

  /** Reads the module again and lets it take over in slices of a few milliseconds. @param reason for the log */
  reload(reason: string): void {
    const { source, log } = this.#options;
    if (source.load === undefined) {
      log.info({ reason }, 'the default rules are in force; nothing to reload');
      return;
    }
    if (this.#turns.busy) {
      this.#reloadAgain = reason;
      return;
    }
    let next: LoadedModule;
    try {
      next = this.#build(source.load());
    } catch (error) {
      const { name } = this.#inForce.module;
      const broken =
        error instanceof RulesError ? error : new RulesError([{ place: name, text: messageOf(error) }], []);
      if (broken.message !== this.#broken?.message)
        log.warn(
          { module: name, err: broken.message },
          'failed to reload the rules module; keeping the previous version',
        );
      this.#broken = broken;
      return;
    }
    this.#turns.run(this.#takeOver(next, reason));
  }

  onEvent(event: Event, origin: Origin): void {
    // What a rule has indexed does not go down the rules once more.
    if (origin !== 'rules') this.#ingest(event);
  }

  onExpired(event: Event): void {
    this.#ingest(event);
  }

  /** To be called several times a second. */
  tick(): void {
    this.#inForce.tick();
    this.#candidate?.tick();
    if (this.#reloadAgain === undefined || this.#turns.busy) return;
    const reason = this.#reloadAgain;
    this.#reloadAgain = undefined;
    this.reload(reason);
  }

  recordChanged(host: HostName): void {
    this.#inForce.recordChanged(host);
    this.#candidate?.recordChanged(host);
  }

  /** The host left the inventory (docs/judgement.md, rule 21). */
  dropHost(host: HostName): void {
    this.#inForce.dropHost(host);
    this.#candidate?.dropHost(host);
  }

  /** The tests that take part in the verdict on the host. */
  countingTests(host: HostName): readonly string[] {
    return this.#inForce.countingTests(host);
  }

  #ingest(event: Event): void {
    this.#inForce.ingest(event);
    this.#candidate?.ingest(event);
  }

  /** Until it is through, every new event reaches both versions. */
  *#takeOver(next: LoadedModule, reason: string): LongWork {
    const { hub, flags, log } = this.#options;
    const former = this.#inForce;
    this.#candidate = next;
    yield* next.prepare(former, liveEvents(hub));
    this.#candidate = undefined;
    this.#inForce = next;
    yield* next.activate(flags, former);
    former.close();
    this.#broken = undefined;
    const { name, files } = next.module;
    log.info({ module: name, reason, files: files.length }, 'rules module reloaded');
    this.#reportJudgement();
  }

  #reportJudgement(): void {
    const { log } = this.#options;
    const { module, noJudgement } = this.#inForce;
    if (noJudgement !== undefined)
      log.warn({ module: module.exportPlace, reason: noJudgement }, 'no-judgement: automation turns no host off or on');
  }

  #build(module: RulesModule): LoadedModule {
    const { effects, openChannels, managedEventsOf, readmitAfterMs, fault, clock } = this.#options;
    const channels = openChannels();
    return new LoadedModule({ module, effects, channels, managedEventsOf, readmitAfterMs, fault, clock });
  }
}

/** Also when the index changes meanwhile: the hosts are those of the beginning, their events those of the moment. */
function* liveEvents({ index }: EventHub): Iterable<Event> {
  for (const host of [...index.hostNames()]) for (const { event } of [...index.ofHost(host)]) yield event;
}

/**
 * The module that the settings name, or the default rules.
 * @param path `streams`; undefined: the default rules
 * @throws RulesError
 */
export function rulesSource(path: string | undefined): RulesSource {
  if (path === undefined) return { module: defaultModule, wantsAll: false };
  return { module: loadRulesModule(path), load: () => loadRulesModule(path) };
}
