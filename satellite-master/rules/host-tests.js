import { TEST_PREFIX } from '../../shared/event.js';
/** Rule 1: warnings are shown and turn nothing off; a word nobody knows is no good news. */
export function wordOf(state) {
    switch (state) {
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
export function isTest(event) {
    return event.state !== undefined && event.service.startsWith(TEST_PREFIX);
}
export function judgeHost(input) {
    const voices = [...heardVoices(input), ...standingVoices(input)];
    const heard = input.heard.size > 0;
    const verdict = (kind, rule, reason, by) => ({
        kind,
        rule,
        reason,
        services: by.map(({ service }) => service),
        heard,
        drop: [],
        againAtMs: soonest(voices.map(({ turnsAtMs }) => turnsAtMs)),
    });
    if (voices.length === 0)
        return verdict('unheard', 6, 'nothing heard of it by this master yet', []);
    const unfit = voices.filter(({ word }) => word === 'unfit');
    const silent = voices.filter(({ word }) => word === 'silent');
    const unknown = voices.filter(({ word }) => word === 'unknown');
    const allSilent = silent.length === voices.length;
    if (unfit.length > 0)
        return withSilence(verdict('unfit', 1, listed(unfit), unfit), silent, input);
    if (allSilent)
        return verdict('silent', 5, `silent: ${silent.length} of ${silent.length} tests past their ttl`, silent);
    if (silent.length > 0)
        return withSilence(verdict('unknown', 5, `no longer heard: ${names(silent)}`, silent), silent, input);
    if (unknown.length > 0)
        return verdict('unknown', 1, listed(unknown), unknown);
    if (!heard)
        return verdict('unheard', 6, 'nothing heard of it by this master yet', []);
    return verdict('fit', 1, `all ${voices.length} tests fit`, voices);
}
/** Silence of some counts as unknown for a while; then they are dropped (rule 5). */
function withSilence(verdict, silent, input) {
    const due = ({ sinceMs }) => sinceMs + input.dropAfterMs;
    const waiting = silent.filter((voice) => due(voice) > input.nowMs);
    return {
        ...verdict,
        drop: silent.filter((voice) => due(voice) <= input.nowMs).map(({ service }) => service),
        againAtMs: soonest([verdict.againAtMs, ...waiting.map(due)]),
    };
}
function* heardVoices({ heard, managed }) {
    for (const [service, test] of heard) {
        const standing = managed[service];
        if (standing && !supersedes(test, standing))
            continue;
        yield { service, word: test.word, description: test.event.description ?? '', sinceMs: test.sinceMs };
    }
}
/** Rule 2: a managed event counts until a newer event of its service arrives. Such events never make a host fit. */
function* standingVoices(input) {
    const { heard, managed, dropped, listeningSinceMs, nowMs, nowS } = input;
    for (const [service, event] of Object.entries(managed)) {
        if (!service.startsWith(TEST_PREFIX) || dropped.has(service))
            continue;
        const test = heard.get(service);
        if (test && supersedes(test, event))
            continue;
        const description = typeof event.description === 'string' ? event.description : '';
        const word = wordOf(event.state);
        if (word === 'fit')
            continue;
        // Its ttl runs from its own time, but no earlier than this master listens: before, nobody could have told it better.
        const bornMs = Math.max(listeningSinceMs, nowMs - Math.max(0, nowS - (event.time ?? 0)) * 1000);
        const turnsAtMs = bornMs + (event.ttl ?? 60) * 1000;
        if (turnsAtMs <= nowMs || word === 'silent')
            yield { service, word: 'silent', description, sinceMs: Math.min(turnsAtMs, nowMs) };
        else
            yield { service, word, description, sinceMs: bornMs, turnsAtMs };
    }
}
/** Newer, or heard a whole ttl after the other's time, so that a corrected clock heals (rule 4). */
export function supersedes(test, standing) {
    const time = standing.time ?? Number.NEGATIVE_INFINITY;
    return test.event.time >= time || test.arrivedS - time > (standing.ttl ?? 60);
}
function listed(voices) {
    return voices
        .slice(0, 5)
        .map(({ service, word, description }) => `${service} ${word === 'unfit' ? 'critical' : word}${description ? `: ${description}` : ''}`)
        .concat(voices.length > 5 ? [`and ${voices.length - 5} more`] : [])
        .join('; ');
}
function names(voices) {
    return voices.map(({ service }) => service).join(', ');
}
function soonest(times) {
    const known = times.filter((time) => time !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
}
