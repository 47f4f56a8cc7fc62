/**
 * What one rules module wants of the managed list, by rule, host and event (docs/judgement.md, rule 25). While the module
 * is a candidate, its flags are kept here. When it takes over they go to the reconciler, together with those of the module
 * before that it has not had the time to set itself.
 */
import type { LongWork } from '../../../shared/cooperative.ts';
import { TEST_PREFIX } from '../../../shared/event.ts';
import type { HostName } from '../../../shared/host-name.ts';
import type { DesiredFlag, DesiredFlags } from '../../whitelist/automation/index.ts';
import type { DesiredEvents, RecordEvent, RecordEvents } from '../../whitelist/record/index.ts';

/**
 * How long a flag of the module before stays valid, if its rule still exists, until the new version has to set it itself:
 * streams that wait for something to last, or for the next tick, need their time. The flags of a rule that no longer
 * exists end at once.
 */
export const RENEW_WITHIN_MS = 300_000;

export const MAX_HOSTS = 100_000;

/** More than any host has tests: rules that make up ever new ids end here. */
export const MAX_EVENTS_PER_HOST = 1_000;

/** The flags of one rule, in the form that a judge of hosts uses. */
export type FlagsOfRule = Pick<DesiredFlags, 'setFlag' | 'setEvent' | 'forgetEvent' | 'events' | 'dropHost'>;

interface DesiredEvent {
  readonly rule: string;
  /** null: the record is to have none. */
  readonly event: RecordEvent | null;
}

/** What the module before wanted and this one has not set itself. */
interface Inherited {
  readonly untilMs: number;
  readonly flags: Map<string, Set<HostName>>;
  readonly events: Map<HostName, Map<string, DesiredEvent>>;
}

const NONE: DesiredEvents = new Map();

export class ModuleFlags {
  readonly #flags = new Map<string, Map<HostName, DesiredFlag>>();
  readonly #events = new Map<HostName, Map<string, DesiredEvent>>();
  /** Only when this module is in force. */
  #target: DesiredFlags | undefined;
  #inherited: Inherited | undefined;

  of(rule: string): FlagsOfRule {
    return {
      // The names that a judge gives are those of its scope already.
      setFlag: (_rule, host, desiredFlag) => this.setFlag(rule, host, desiredFlag),
      setEvent: (host, id, event) => this.setEvent(rule, host, id, event),
      forgetEvent: (host, id) => this.forgetEvent(host, id),
      events: (host) => this.events(host),
      dropHost: (host) => this.dropHost(host),
    };
  }

  /** The rules that set a flag now. */
  get rules(): Iterable<string> {
    return this.#flags.keys();
  }

  flag(rule: string, host: HostName): DesiredFlag | undefined {
    return this.#flags.get(rule)?.get(host);
  }

  /** @throws RangeError beyond 100,000 hosts */
  setFlag(rule: string, host: HostName, desiredFlag: DesiredFlag | undefined): void {
    this.#inherited?.flags.get(rule)?.delete(host);
    const hosts = this.#flags.get(rule) ?? new Map<HostName, DesiredFlag>();
    if (desiredFlag) {
      if (hosts.size >= MAX_HOSTS && !hosts.has(host))
        throw new RangeError(`rule ${rule} has flags for ${MAX_HOSTS} hosts; none is set for ${host}`);
      hosts.set(host, desiredFlag);
      this.#flags.set(rule, hosts);
    } else if (hosts.delete(host) && hosts.size === 0) this.#flags.delete(rule);
    this.#target?.setFlag(rule, host, desiredFlag);
  }

  events(host: HostName): DesiredEvents {
    if (this.#target) return this.#target.events(host);
    const own = this.#events.get(host);
    return own ? new Map([...own].map(([id, { event }]) => [id, event])) : NONE;
  }

  /** @throws RangeError beyond 1,000 events of the host */
  setEvent(rule: string, host: HostName, id: string, event: RecordEvent | null): void {
    this.#inherited?.events.get(host)?.delete(id);
    const events = this.#events.get(host) ?? new Map<string, DesiredEvent>();
    if (event && events.size >= MAX_EVENTS_PER_HOST && !events.has(id))
      throw new RangeError(`${host} has ${MAX_EVENTS_PER_HOST} events of rules; ${JSON.stringify(id)} is not set`);
    events.set(id, { rule, event });
    this.#events.set(host, events);
    this.#target?.setEvent(host, id, event);
  }

  forgetEvent(host: HostName, id: string): void {
    this.#inherited?.events.get(host)?.delete(id);
    const events = this.#events.get(host);
    if (events?.delete(id) && events.size === 0) this.#events.delete(host);
    this.#target?.forgetEvent(host, id);
  }

  /** What was to go from the record has gone. */
  recordChanged(host: HostName, managed: RecordEvents): void {
    for (const [id, { event }] of this.#events.get(host) ?? [])
      if (event === null && !Object.hasOwn(managed, id)) this.forgetEvent(host, id);
  }

  dropHost(host: HostName): void {
    for (const [rule, hosts] of this.#flags) if (hosts.delete(host) && hosts.size === 0) this.#flags.delete(rule);
    this.#events.delete(host);
    for (const hosts of this.#inherited?.flags.values() ?? []) hosts.delete(host);
    this.#inherited?.events.delete(host);
    this.#target?.dropHost(host);
  }

  /**
   * From the first step on what is wanted here goes to the target, and nothing of the module before does. What was
   * wanted until then follows, host by host.
   * @param isThere whether the module has a rule of that name
   */
  *activate(
    target: DesiredFlags,
    former: ModuleFlags | undefined,
    isThere: (rule: string) => boolean,
    nowMs: number,
  ): LongWork {
    this.#target = target;
    if (former) former.#target = undefined;
    for (const hosts of [...this.#flags].map(([rule, flags]) => [rule, [...flags.keys()]] as const))
      for (const host of hosts[1]) {
        const desiredFlag = this.flag(hosts[0], host);
        if (desiredFlag) target.setFlag(hosts[0], host, desiredFlag);
        yield;
      }
    for (const host of [...this.#events.keys()]) {
      for (const [id, { event }] of this.#events.get(host) ?? []) target.setEvent(host, id, event);
      yield;
    }
    if (former) yield* this.#inherit(former, target, isThere, nowMs + RENEW_WITHIN_MS);
  }

  /** Withdraws what was inherited and not said again in time. */
  tick(nowMs: number): void {
    const inherited = this.#inherited;
    if (!inherited || nowMs < inherited.untilMs) return;
    this.#inherited = undefined;
    for (const [rule, hosts] of inherited.flags) for (const host of hosts) this.setFlag(rule, host, undefined);
    for (const [host, events] of inherited.events)
      for (const [id, { event }] of events) {
        // The result of a test counts until the test reports again or its judge drops it (docs/judgement.md, rule 14).
        if (id.startsWith(TEST_PREFIX)) this.forgetEvent(host, id);
        else this.#withdrawEvent(host, id, event);
      }
  }

  *#inherit(former: ModuleFlags, target: DesiredFlags, isThere: (rule: string) => boolean, untilMs: number): LongWork {
    const inherited: Inherited = { untilMs, flags: new Map(), events: new Map() };
    this.#inherited = inherited;
    for (const [rule, hosts] of former.#allFlags()) {
      const kept = new Set<HostName>();
      if (isThere(rule)) inherited.flags.set(rule, kept);
      for (const host of hosts) {
        // Asked now and not before: what was said meanwhile needs no renewal.
        if (!this.#flags.get(rule)?.has(host)) {
          if (isThere(rule)) kept.add(host);
          else target.setFlag(rule, host, undefined);
        }
        yield;
      }
    }
    for (const [host, events] of former.#allEvents()) {
      const own = this.#events.get(host);
      const notRepeated = [...events].filter(([id]) => !own?.has(id));
      const kept = notRepeated.filter(([, { rule }]) => isThere(rule));
      if (kept.length > 0) inherited.events.set(host, new Map(kept));
      for (const [id, { rule, event }] of notRepeated) if (!isThere(rule)) this.#withdrawEvent(host, id, event);
      yield;
    }
  }

  *#allFlags(): Iterable<[string, Set<HostName>]> {
    const inherited = this.#inherited?.flags;
    for (const rule of new Set([...this.#flags.keys(), ...(inherited?.keys() ?? [])]))
      yield [rule, new Set([...(this.#flags.get(rule)?.keys() ?? []), ...(inherited?.get(rule) ?? [])])];
  }

  *#allEvents(): Iterable<[HostName, Map<string, DesiredEvent>]> {
    const inherited = this.#inherited?.events;
    for (const host of new Set([...this.#events.keys(), ...(inherited?.keys() ?? [])]))
      yield [host, new Map([...(inherited?.get(host) ?? []), ...(this.#events.get(host) ?? [])])];
  }

  /** What a rule had put there is to go from the record; what is well or gone already, is forgotten. */
  #withdrawEvent(host: HostName, id: string, event: RecordEvent | null): void {
    if (event === null) this.forgetEvent(host, id);
    else this.setEvent(WITHDRAWN, host, id, null);
  }
}

/** No rule of a module: it only takes away. */
const WITHDRAWN = '';
