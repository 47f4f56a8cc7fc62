/**
 * What a host's tests say together: the verdict on one host as a pure function of what was heard, what stands in its
 * record, and now (docs/judgement.md, rules 1, 1a, 2, 4-6a). The numbers in `rule` are those of docs/judgement.md.
 */
import type { Event } from '../../../shared/event.ts';
import { TEST_PREFIX } from '../../../shared/event.ts';
import type { RecordEvent, RecordEvents } from '../../whitelist/record/index.ts';

/** What one test says. */
export type TestWord = 'fit' | 'unfit' | 'unknown' | 'silent';

/** Rules 1 and 1a: warnings are shown and turn nothing off; any other word is unfit. Case does not matter. */
export function wordOf(state: string): TestWord {
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

/** The newest that this master heard of one test. */
export interface HeardTest {
  readonly event: Event;
  readonly word: TestWord;
  /** Monotonic ms. */
  readonly arrivedMs: number;
  /** Unix seconds of the same moment. */
  readonly arrivedS: number;
  /** Since when it says this word, monotonic ms; for `silent`: since its ttl ran out. */
  readonly sinceMs: number;
  /** Since when it says anything at all, without a silence in between, monotonic ms. */
  readonly speaksSinceMs: number;
}

export interface HostInput {
  readonly heard: ReadonlyMap<string, HeardTest>;
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
  readonly kind: TestWord | 'unheard';
  readonly rule: number;
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

interface Voice {
  readonly service: string;
  readonly word: TestWord;
  readonly description: string;
  readonly sinceMs: number;
  readonly speaksSinceMs: number;
  /** The state as it was reported. */
  readonly state: string;
  /** When it turns silent by itself, where the index does not tell. */
  readonly turnsAtMs?: number;
  /** A stored event that was too old when this master started: it counts as unknown until its service is heard (rule 6a). */
  readonly outdated?: true;
}

export function judgeHost(input: HostInput): HostVerdict {
  const voices = [...heardVoices(input), ...standingVoices(input)];
  const heard = input.heard.size > 0;
  const verdict = (kind: HostVerdict['kind'], rule: number, reason: string, by: readonly Voice[]): HostVerdict => ({
    kind,
    rule,
    reason,
    services: by.map(({ service }) => service),
    heard,
    drop: [],
    againAtMs: soonest(voices.map(({ turnsAtMs }) => turnsAtMs)),
  });

  if (voices.length === 0) return verdict('unheard', 6, 'nothing heard of it by this master yet', []);
  const current = voices.filter(({ outdated }) => !outdated);
  const outdated = voices.filter((voice) => voice.outdated);
  const unfit = current.filter(({ word }) => word === 'unfit');
  const silent = current.filter(({ word }) => word === 'silent');
  const unknown = current.filter(({ word }) => word === 'unknown');
  const quiet = [...silent, ...outdated];
  if (current.length === 0)
    return verdict('unknown', 6, `stored before this master started: ${names(outdated)}`, outdated);
  if (unfit.length > 0) return withSilence(verdict('unfit', 1, listed(unfit), unfit), quiet, current, input);
  if (silent.length === current.length)
    return verdict('silent', 5, `silent: ${silent.length} of ${silent.length} tests past their ttl`, silent);
  if (quiet.length > 0)
    return withSilence(verdict('unknown', 5, `no longer heard: ${names(quiet)}`, quiet), quiet, current, input);
  if (unknown.length > 0) return verdict('unknown', 1, listed(unknown), unknown);
  if (!heard) return verdict('unheard', 6, 'nothing heard of it by this master yet', []);
  return verdict('fit', 1, `all ${voices.length} tests fit`, voices);
}

/** Silence of some counts as unknown for a while, from when others speak beside it; then they are dropped (rule 5). */
function withSilence(
  verdict: HostVerdict,
  silent: readonly Voice[],
  voices: readonly Voice[],
  input: HostInput,
): HostVerdict {
  const othersSinceMs = Math.min(
    ...voices.filter(({ word }) => word !== 'silent').map(({ speaksSinceMs }) => speaksSinceMs),
  );
  const due = ({ sinceMs }: Voice) => Math.max(sinceMs, othersSinceMs) + input.dropAfterMs;
  const waiting = silent.filter((voice) => due(voice) > input.nowMs);
  return {
    ...verdict,
    drop: silent.filter((voice) => due(voice) <= input.nowMs).map(({ service }) => service),
    againAtMs: soonest([verdict.againAtMs, ...waiting.map(due)]),
  };
}

function* heardVoices({ heard, managed }: HostInput): Iterable<Voice> {
  for (const [service, test] of heard) {
    const standing = managed[service];
    if (standing && wordOf(standing.state) !== 'fit' && !supersedes(test, standing)) continue;
    const { word, sinceMs, speaksSinceMs, event } = test;
    const { description = '', state = '' } = event;
    yield { service, word, description, state, sinceMs, speaksSinceMs };
  }
}

/** Rule 2: a managed event counts until a newer event of its service arrives. Such events never make a host fit. */
function* standingVoices(input: HostInput): Iterable<Voice> {
  const { heard, managed, dropped, startedMs, listeningSinceMs, nowMs, nowS } = input;
  const startedS = nowS - (nowMs - startedMs) / 1000;
  for (const [service, event] of Object.entries(managed)) {
    if (!service.startsWith(TEST_PREFIX) || dropped.has(service)) continue;
    const test = heardTest(heard, service);
    if (test && supersedes(test, event)) continue;
    const description = typeof event.description === 'string' ? event.description : '';
    const reported = event['reported-state'];
    const state = typeof reported === 'string' ? reported : event.state;
    const word = wordOf(event.state);
    if (word === 'fit') continue;
    if (isOutdated(event, startedS)) {
      const since = { sinceMs: startedMs, speaksSinceMs: startedMs };
      yield { service, word: 'unknown', description, state, ...since, outdated: true };
      continue;
    }
    // Its ttl runs from its own time, but no earlier than this master listens: before, nobody could have reported better.
    const bornMs = Math.max(listeningSinceMs, nowMs - Math.max(0, nowS - (event.time ?? 0)) * 1000);
    const turnsAtMs = bornMs + (event.ttl ?? 60) * 1000;
    const voice = { service, description, state, speaksSinceMs: bornMs };
    if (turnsAtMs <= nowMs) yield { ...voice, word: 'silent', sinceMs: turnsAtMs };
    else yield { ...voice, word, sinceMs: bornMs, turnsAtMs };
  }
}

/** Rule 6a. @param startedS when this master began to listen, unix seconds */
function isOutdated({ state, time, ttl }: RecordEvent, startedS: number): boolean {
  return wordOf(state) === 'silent' || ttl === undefined || ttl === null || (time ?? 0) + ttl < startedS;
}

/** The test behind a stored event: the original named `file-exists` without the blank before "exists". */
export function heardTest(heard: ReadonlyMap<string, HeardTest>, service: string): HeardTest | undefined {
  return heard.get(service) ?? heard.get(service.replace(/(?<! )exists$/, ' exists'));
}

/** Newer, or heard a whole ttl after the other's time, so that a corrected clock heals (rule 4). */
export function supersedes(test: HeardTest, standing: RecordEvent): boolean {
  const time = standing.time ?? Number.NEGATIVE_INFINITY;
  return test.event.time >= time || test.arrivedS - time > (standing.ttl ?? 60);
}

function listed(voices: readonly Voice[]): string {
  return voices
    .slice(0, 5)
    .map(
      ({ service, word, state, description }) =>
        `${service} ${word === 'unfit' ? state : word}${description ? `: ${description}` : ''}`,
    )
    .concat(voices.length > 5 ? [`and ${voices.length - 5} more`] : [])
    .join('; ');
}

function names(voices: readonly Voice[]): string {
  return voices.map(({ service }) => service).join(', ');
}

function soonest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
