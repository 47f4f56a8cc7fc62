/**
 * What `judgeTests()` of rules modules does, and with it the default rules: a host is off while one of its tests is
 * unfit or all are silent, and on when all are fit. Keeps the newest result of each test of a host, judges when a result
 * arrives or expires, and sets the outcome as desired flag. `tick` follows the time.
 */
import type { Clock } from '../../../shared/clock.ts';
import type { LongWork } from '../../../shared/cooperative.ts';
import { type Event, TEST_PREFIX } from '../../../shared/event.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { cutToBytes } from '../../../shared/text.ts';
import { Deadlines, MAX_HOSTS, MAX_TESTS_PER_HOST, STALL_MS } from '../../events/index.ts';
import type { DesiredFlag, DesiredFlags } from '../../whitelist/automation/index.ts';
import type { RecordEvent, RecordEvents } from '../../whitelist/record/index.ts';
import {
  type HostVerdict,
  isTest,
  judgeHost,
  outcomeOf,
  resultOf,
  supersedes,
  type TestResult,
} from './host-verdict.ts';

/** The rule under which its flags are set where no other name is given. */
export const TESTS_RULE = 'tests';

/** What is kept of one host. */
interface HostState {
  readonly heard: Map<string, TestResult>;
  readonly dropped: Set<string>;
  verdict: HostVerdict | undefined;
  /** Since when the verdict has this kind, monotonic ms. */
  sinceMs: number;
}

export interface HostJudgeOptions {
  readonly clock: Clock;
  readonly desired: Pick<DesiredFlags, 'setFlag' | 'setEvent' | 'forgetEvent' | 'events' | 'dropHost'>;
  /** The name of the rule under which it sets flags; default {@link TESTS_RULE}. */
  readonly rule?: string;
  /** `readmit-after.first`, ms: after so long a silent service of a host that still reports is dropped. */
  readonly dropAfterMs: number;
  readonly managedEventsOf: (host: HostName) => RecordEvents;
}

export class HostJudge {
  readonly #options: HostJudgeOptions;
  #startedMs: number;
  #listeningSinceMs: number;
  #lastTickMs: number;
  readonly #hosts = new Map<HostName, HostState>();
  readonly #again = new Deadlines<HostName>();
  readonly #rule: string;
  /** The judge whose place it takes, while its state is handed over: see {@link inherit}. */
  #former: HostJudge | undefined;

  constructor(options: HostJudgeOptions) {
    this.#options = options;
    this.#rule = options.rule ?? TESTS_RULE;
    this.#startedMs = options.clock.monoMs();
    this.#listeningSinceMs = this.#startedMs;
    this.#lastTickMs = this.#listeningSinceMs;
  }

  /** An event that the index accepted, or one that is expired. Events that are no tests are passed over. */
  ingest(event: Event): void {
    const { host, state } = event;
    if (!host || state === undefined || !isTest(event)) return;
    const outcome = outcomeOf(state);
    const last = this.#hosts.get(host)?.heard.get(event.service);
    if (outcome === 'silent' && !last) return;
    const known = this.#hosts.get(host) ?? this.#begin(host);
    if (!known) return;
    if (!last && known.heard.size >= MAX_TESTS_PER_HOST && !this.#dropLongestSilent(host, known)) return;
    const nowMs = this.#options.clock.monoMs();
    const before = last ?? this.#formerOf(host)?.heard.get(event.service);
    const sinceMs = before?.outcome === outcome ? before.sinceMs : nowMs;
    const reportingSinceMs = before && before.outcome !== 'silent' ? before.reportingSinceMs : nowMs;
    const heard = { event, outcome, arrivedMs: nowMs, arrivedS: this.#nowS(), sinceMs, reportingSinceMs };
    known.heard.set(event.service, heard);
    known.dropped.delete(event.service);
    this.#updateEvent(host, event, outcome, last);
    if (last?.outcome !== outcome || outcome !== 'fit' || known.verdict === undefined || known.verdict.kind !== 'fit')
      this.#judge(host, known);
  }

  /** The record changed: it may have other managed events. */
  recordChanged(host: HostName): void {
    const known = this.#hosts.get(host);
    if (known) {
      this.#judge(host, known);
      return;
    }
    if (!Object.keys(this.#options.managedEventsOf(host)).some((id) => id.startsWith(TEST_PREFIX))) return;
    const begun = this.#begin(host);
    if (begun) this.#judge(host, begun);
  }

  /** The host left the inventory: its state is dropped (docs/judgement.md, rule 21). */
  dropHost(host: HostName): void {
    this.#hosts.delete(host);
    this.#again.delete(host);
    this.#options.desired.dropHost(host);
  }

  /** To be called several times a second. */
  tick(): void {
    const nowMs = this.#options.clock.monoMs();
    // After a blocked event loop stored events get one more ttl, as the live ones in the index do (rule 7).
    if (nowMs - this.#lastTickMs > STALL_MS) this.#listeningSinceMs = nowMs;
    this.#lastTickMs = nowMs;
    for (const host of this.#again.popDue(nowMs)) {
      const known = this.#hosts.get(host);
      if (known) this.#judge(host, known);
    }
  }

  /**
   * Begins to take over from the judge whose place it takes when rules are reloaded. Until {@link settle} all live events
   * arrive again through the new rules, and each test keeps the time since when it has its outcome. So the clock of a host
   * on its way back goes on (docs/judgement.md, rule 12).
   */
  inherit(former: unknown): void {
    if (!(former instanceof HostJudge)) return;
    this.#former = former;
    this.#startedMs = former.#startedMs;
    this.#listeningSinceMs = former.#listeningSinceMs;
  }

  /** All live events have arrived. Tests that fell silent before can't arrive again: they are copied. */
  *settle(): LongWork {
    const former = this.#former;
    if (!former) return;
    for (const [host, { heard, dropped }] of former.#hosts) {
      const silent = [...heard].filter(([, { outcome }]) => outcome === 'silent');
      const known = this.#hosts.get(host) ?? (silent.length > 0 ? this.#begin(host) : undefined);
      yield;
      if (!known) {
        this.recordChanged(host);
        continue;
      }
      for (const [service, test] of silent) if (!known.heard.has(service)) known.heard.set(service, test);
      for (const service of dropped) if (!known.heard.has(service)) known.dropped.add(service);
      this.#judge(host, known);
    }
    this.#former = undefined;
  }

  verdictOf(host: HostName): { readonly verdict: HostVerdict; readonly sinceMs: number } | undefined {
    const known = this.#hosts.get(host);
    return known?.verdict && { verdict: known.verdict, sinceMs: known.sinceMs };
  }

  #formerSinceMs(host: HostName, kind: HostVerdict['kind']): number | undefined {
    const former = this.#formerOf(host);
    return former?.verdict?.kind === kind ? former.sinceMs : undefined;
  }

  #formerOf(host: HostName): HostState | undefined {
    return this.#former === undefined ? undefined : this.#former.#hosts.get(host);
  }

  /** undefined: there are as many hosts as the inventory may have. */
  #begin(host: HostName): HostState | undefined {
    if (this.#hosts.size >= MAX_HOSTS) return undefined;
    const nowMs = this.#options.clock.monoMs();
    const state: HostState = {
      heard: new Map(),
      dropped: new Set(),
      verdict: undefined,
      sinceMs: nowMs,
    };
    this.#hosts.set(host, state);
    return state;
  }

  /** Makes room for another test of a host that has as many as are kept. */
  #dropLongestSilent(host: HostName, { heard, dropped }: HostState): boolean {
    let longest: string | undefined;
    let sinceMs = Number.POSITIVE_INFINITY;
    for (const [service, test] of heard) {
      if (test.outcome !== 'silent' || test.sinceMs >= sinceMs) continue;
      longest = service;
      sinceMs = test.sinceMs;
    }
    if (longest === undefined) return false;
    heard.delete(longest);
    dropped.add(longest);
    this.#options.desired.forgetEvent(host, longest);
    return true;
  }

  #judge(host: HostName, known: HostState): void {
    const { clock, dropAfterMs, managedEventsOf, desired } = this.#options;
    const managed = managedEventsOf(host);
    this.#clearEvents(host, known, managed);
    const nowMs = clock.monoMs();
    const { heard, dropped } = known;
    const verdict = judgeHost({
      heard,
      managed,
      dropped,
      startedMs: this.#startedMs,
      listeningSinceMs: this.#listeningSinceMs,
      nowMs,
      nowS: this.#nowS(),
      dropAfterMs,
    });
    if (verdict.drop.length > 0) {
      for (const service of verdict.drop) {
        heard.delete(service);
        dropped.add(service);
        desired.forgetEvent(host, service);
      }
      this.#judge(host, known);
      return;
    }
    if (verdict.kind !== known.verdict?.kind) known.sinceMs = this.#formerSinceMs(host, verdict.kind) ?? nowMs;
    known.verdict = verdict;
    if (verdict.againAtMs === undefined) this.#again.delete(host);
    else this.#again.set(host, verdict.againAtMs);
    desired.setFlag(this.#rule, host, desiredFlagOf(verdict, known.sinceMs));
  }

  /** A managed event is kept while its service is unfit, and removed when it is fit again (docs/judgement.md, rule 14). */
  #updateEvent(host: HostName, event: Event, outcome: TestResult['outcome'], last: TestResult | undefined): void {
    if (outcome === 'unfit') {
      if (last?.outcome === 'unfit' && last.event.description === event.description && last.event.state === event.state)
        return;
      this.#options.desired.setEvent(host, event.service, recordEventOf(event));
    } else if (outcome === 'fit' && last?.outcome !== 'fit' && this.#options.desired.events(host).get(event.service)) {
      this.#options.desired.forgetEvent(host, event.service);
    }
  }

  /** Removes managed events of tests that are fit by now, or no longer reported, from the record. */
  #clearEvents(host: HostName, { heard, dropped }: HostState, managed: RecordEvents): void {
    const { desired } = this.#options;
    for (const service of dropped) if (!Object.hasOwn(managed, service)) dropped.delete(service);
    for (const [service, event] of desired.events(host)) {
      if (event === null && !Object.hasOwn(managed, service)) desired.forgetEvent(host, service);
    }
    for (const [service, event] of Object.entries(managed)) {
      const test = resultOf(heard, service);
      const well = test?.outcome === 'fit' && supersedes(test, event);
      if ((well || dropped.has(service)) && !desired.events(host).has(service)) desired.setEvent(host, service, null);
    }
  }

  #nowS(): number {
    return this.#options.clock.wallMs() / 1000;
  }
}

function desiredFlagOf(verdict: HostVerdict, sinceMs: number): DesiredFlag | undefined {
  const { kind, rule, reason, services } = verdict;
  switch (kind) {
    case 'fit':
      return { flag: 'on', rule, reason, fitSinceMs: sinceMs };
    case 'unfit':
      return { flag: 'off', rule, reason, illness: { kind: 'critical', criticals: services.length, sinceMs } };
    case 'silent':
      return { flag: 'off', rule, reason, illness: { kind: 'silent', criticals: 0, sinceMs } };
    case 'unknown':
      return { flag: 'keep', rule, reason };
    case 'unheard':
      return undefined;
  }
}

/** Descriptions in a record are kept short: many have to fit into one znode. */
const MAX_STORED_DESCRIPTION = 1024;

/** As it stands among the managed events of a record. */
export function recordEventOf(event: Event): RecordEvent {
  const { state = '', attributes, description, ...rest } = event;
  return {
    ...attributes,
    ...rest,
    // The original's schema knows ok, critical, warn and expired only.
    state: outcomeOf(state) === 'unfit' ? 'critical' : state,
    ...(description === undefined ? {} : { description: cutToBytes(description, MAX_STORED_DESCRIPTION) }),
    ...(state === 'critical' ? {} : { 'reported-state': state }),
  };
}
