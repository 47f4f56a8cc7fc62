/**
 * The verdict on one host as a pure function of the results that have arrived, the events in its record, and now (docs/judgement.md, rules 1, 1a, 2, 4-6a). The numbers in `rule` are those of docs/judgement.md.
 */
import type { Event } from '../../../shared/event.ts';
import { TEST_PREFIX } from '../../../shared/event.ts';
import type { RecordEvent, RecordEvents, RuleId } from '../../whitelist/record/index.ts';

/** What the result of one test means for its host. */
export type TestOutcome = 'fit' | 'unfit' | 'unknown' | 'silent';

/** Rules 1 and 1a: warnings are shown and turn nothing off; any other outcome is unfit. Case does not matter. */
export function outcomeOf(state: string): TestOutcome {
  switch (state.toLowerCase()) {
    case 'ok':
    case 'warning':
    case 'warn':
      return 'fit';
    case 'unknown':
      return 'unknown';
    case 'expired':
      return 'silent';
    default:
      return 'unfit';
  }
}

/** A service below `mesos/slave/` with a state: a test. Without a state it is only a figure. */
export function isTest(event: Event): boolean {
  return event.state !== undefined && event.service.startsWith(TEST_PREFIX);
}

/** The newest result of one test that has arrived at this master. */
export interface TestResult {
  readonly event: Event;
  readonly outcome: TestOutcome;
  /** Monotonic ms. */
  readonly arrivedMs: number;
  /** Unix seconds of the same moment. */
  readonly arrivedS: number;
  /** Since when it has this outcome, monotonic ms; `silent`: since its ttl ended. */
  readonly sinceMs: number;
  /** Since when it reports without a silence in between, monotonic ms. */
  readonly reportingSinceMs: number;
}

export interface HostInput {
  readonly heard: ReadonlyMap<string, TestResult>;
  /** The managed events of the record. */
  readonly managed: RecordEvents;
  /** Services that are no longer reported and that the record may still hold (rule 5). */
  readonly dropped: ReadonlySet<string>;
  /** When this master started to listen, monotonic ms. */
  readonly startedMs: number;
  /** Since when it has listened without a stall of its own, monotonic ms. */
  readonly listeningSinceMs: number;
  readonly nowMs: number;
  /** Unix seconds. */
  readonly nowS: number;
  /** `readmit-after.first`, ms. */
  readonly dropAfterMs: number;
}

export interface HostVerdict {
  readonly kind: TestOutcome | 'unheard';
  readonly rule: RuleId;
  readonly reason: string;
  /** The tests that say so. */
  readonly services: readonly string[];
  /** Whether this master itself heard the host since it listens. */
  readonly heard: boolean;
  /** Silent services that are due to be dropped now. */
  readonly drop: readonly string[];
  /** When time alone may change the verdict next, monotonic ms. */
  readonly againAtMs: number | undefined;
}

interface Finding {
  readonly service: string;
  readonly outcome: TestOutcome;
  readonly description: string;
  readonly sinceMs: number;
  readonly reportingSinceMs: number;
  /** The state as it was reported. */
  readonly state: string;
  /** When it turns silent by itself, where the index does not say so. */
  readonly turnsAtMs?: number;
  /** A stored event that was too old when this master started: it counts as unknown until its service is heard (rule 6a). */
  readonly outdated?: true;
}

export function judgeHost(input: HostInput): HostVerdict {
  const findings = [...reportedFindings(input), ...storedFindings(input)];
  const heard = input.heard.size > 0;
  const verdict = (kind: HostVerdict['kind'], rule: RuleId, reason: string, by: readonly Finding[]): HostVerdict => ({
    kind,
    rule,
    reason,
    services: by.map(({ service }) => service),
    heard,
    drop: [],
    againAtMs: soonest(findings.map(({ turnsAtMs }) => turnsAtMs)),
  });

  if (findings.length === 0) return verdict('unheard', 6, 'nothing heard of it by this master yet', []);
  const current = findings.filter(({ outdated }) => !outdated);
  const outdated = findings.filter((finding) => finding.outdated);
  const unfit = current.filter(({ outcome }) => outcome === 'unfit');
  const silent = current.filter(({ outcome }) => outcome === 'silent');
  const unknown = current.filter(({ outcome }) => outcome === 'unknown');
  const quiet = [...silent, ...outdated];
  if (current.length === 0)
    return verdict('unknown', '6a', `stored before this master started: ${names(outdated)}`, outdated);
  if (unfit.length > 0) return withSilence(verdict('unfit', 1, listed(unfit), unfit), quiet, current, input);
  if (silent.length === current.length)
    return verdict('silent', 5, `silent: ${silent.length} of ${silent.length} tests past their ttl`, silent);
  if (quiet.length > 0)
    return withSilence(verdict('unknown', 5, `no longer heard: ${names(quiet)}`, quiet), quiet, current, input);
  if (unknown.length > 0) return verdict('unknown', 1, listed(unknown), unknown);
  if (!heard) return verdict('unheard', 6, 'nothing heard of it by this master yet', []);
  return verdict('fit', 1, `all ${findings.length} tests fit`, findings);
}

/** Silence of some counts as unknown for a while, from when others speak beside it; then they are dropped (rule 5). */
function withSilence(
  verdict: HostVerdict,
  silent: readonly Finding[],
  findings: readonly Finding[],
  input: HostInput,
): HostVerdict {
  const othersSinceMs = Math.min(
    ...findings.filter(({ outcome }) => outcome !== 'silent').map(({ reportingSinceMs }) => reportingSinceMs),
  );
  const due = ({ sinceMs }: Finding) => Math.max(sinceMs, othersSinceMs) + input.dropAfterMs;
  const waiting = silent.filter((finding) => due(finding) > input.nowMs);
  return {
    ...verdict,
    drop: silent.filter((finding) => due(finding) <= input.nowMs).map(({ service }) => service),
    againAtMs: soonest([verdict.againAtMs, ...waiting.map(due)]),
  };
}

function* reportedFindings({ heard, managed }: HostInput): Iterable<Finding> {
  for (const [service, test] of heard) {
    const standing = managed[service];
    if (standing && outcomeOf(standing.state) !== 'fit' && !supersedes(test, standing)) continue;
    const { outcome, sinceMs, reportingSinceMs, event } = test;
    const { description = '', state = '' } = event;
    yield { service, outcome, description, state, sinceMs, reportingSinceMs };
  }
}

/** Rule 2: a managed event counts until a newer event of its service arrives. Such events never make a host fit. */
function* storedFindings(input: HostInput): Iterable<Finding> {
  const { heard, managed, dropped, startedMs, listeningSinceMs, nowMs, nowS } = input;
  const startedS = nowS - (nowMs - startedMs) / 1000;
  for (const [service, event] of Object.entries(managed)) {
    if (!service.startsWith(TEST_PREFIX) || dropped.has(service)) continue;
    const test = resultOf(heard, service);
    if (test && supersedes(test, event)) continue;
    const description = typeof event.description === 'string' ? event.description : '';
    const reported = event['reported-state'];
    const state = typeof reported === 'string' ? reported : event.state;
    const outcome = outcomeOf(event.state);
    if (outcome === 'fit') continue;
    if (isOutdated(event, startedS)) {
      const since = { sinceMs: startedMs, reportingSinceMs: startedMs };
      yield { service, outcome: 'unknown', description, state, ...since, outdated: true };
      continue;
    }
    // Its ttl runs from its own time, but no earlier than this master listens: before, nobody could have reported better.
    const bornMs = Math.max(listeningSinceMs, nowMs - Math.max(0, nowS - (event.time ?? 0)) * 1000);
    const turnsAtMs = bornMs + (event.ttl ?? 60) * 1000;
    const finding = { service, description, state, reportingSinceMs: bornMs };
    if (turnsAtMs <= nowMs) yield { ...finding, outcome: 'silent', sinceMs: turnsAtMs };
    else yield { ...finding, outcome, sinceMs: bornMs, turnsAtMs };
  }
}

/** Rule 6a. @param startedS when this master began to listen, unix seconds */
function isOutdated({ state, time, ttl }: RecordEvent, startedS: number): boolean {
  return outcomeOf(state) === 'silent' || ttl === undefined || ttl === null || (time ?? 0) + ttl < startedS;
}

/** The test behind a stored event: the original named `file-exists` without the blank before "exists". */
export function resultOf(heard: ReadonlyMap<string, TestResult>, service: string): TestResult | undefined {
  return heard.get(service) ?? heard.get(service.replace(/(?<! )exists$/, ' exists'));
}

/** Newer, or heard a whole ttl after the other's time, so that a corrected clock heals (rule 4). */
export function supersedes(test: TestResult, standing: RecordEvent): boolean {
  const time = standing.time ?? Number.NEGATIVE_INFINITY;
  return test.event.time >= time || test.arrivedS - time > (standing.ttl ?? 60);
}

function listed(findings: readonly Finding[]): string {
  return findings
    .slice(0, 5)
    .map(
      ({ service, outcome, state, description }) =>
        `${service} ${outcome === 'unfit' ? state : outcome}${description ? `: ${description}` : ''}`,
    )
    .concat(findings.length > 5 ? [`and ${findings.length - 5} more`] : [])
    .join('; ');
}

function names(findings: readonly Finding[]): string {
  return findings.map(({ service }) => service).join(', ');
}

function soonest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
