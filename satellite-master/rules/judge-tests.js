import { cutToBytes } from '../../shared/text.js';
import { Deadlines } from '../events/deadlines.js';
import { isTest, judgeHost, supersedes, wordOf } from './host-tests.js';
const RULE = 'tests';
export class JudgeTests {
    #options;
    #listeningSinceMs;
    #hosts = new Map();
    #again = new Deadlines();
    constructor(options) {
        this.#options = options;
        this.#listeningSinceMs = options.clock.monoMs();
    }
    /** An event that the index took, or one that says `expired`. Others than tests are none of its business. */
    take(event) {
        const { host, state } = event;
        if (!host || state === undefined || !isTest(event))
            return;
        const known = this.#hosts.get(host) ?? this.#begin(host);
        const word = wordOf(state);
        const last = known.heard.get(event.service);
        const nowMs = this.#options.clock.monoMs();
        if (word === 'silent' && !last)
            return;
        const sinceMs = last?.word === word ? last.sinceMs : nowMs;
        known.heard.set(event.service, { event, word, arrivedMs: nowMs, arrivedS: this.#nowS(), sinceMs });
        known.dropped.delete(event.service);
        this.#sayEvent(host, event, word, last);
        if (last?.word !== word || word !== 'fit' || known.verdict === undefined || known.verdict.kind !== 'fit')
            this.#judge(host, known);
    }
    /** The record changed: other managed events may stand there. */
    recordChanged(host) {
        const known = this.#hosts.get(host);
        if (known)
            this.#judge(host, known);
        else if (Object.keys(this.#options.managedEventsOf(host)).length > 0)
            this.#judge(host, this.#begin(host));
    }
    /** The host left the inventory: nothing of it is remembered (judgement.md 21). */
    dropHost(host) {
        this.#hosts.delete(host);
        this.#again.delete(host);
        this.#options.wishes.dropHost(host);
    }
    /** Follows the time; to be called several times a second. */
    tick() {
        for (const host of this.#again.takeDue(this.#options.clock.monoMs())) {
            const known = this.#hosts.get(host);
            if (known)
                this.#judge(host, known);
        }
    }
    verdictOf(host) {
        const known = this.#hosts.get(host);
        return known?.verdict && { verdict: known.verdict, sinceMs: known.sinceMs };
    }
    /** Hosts heard of that are silent, or have said nothing for more than half of what they have left to live. */
    *quiet() {
        const nowMs = this.#options.clock.monoMs();
        for (const [host, { heard, verdict, sinceMs }] of this.#hosts) {
            if (heard.size === 0)
                continue;
            if (verdict?.kind === 'silent') {
                yield { host, silentAtMs: sinceMs, silent: true };
                continue;
            }
            let lastMs = 0;
            let endMs = 0;
            for (const { arrivedMs, event, word } of heard.values()) {
                if (word === 'silent')
                    continue;
                lastMs = Math.max(lastMs, arrivedMs);
                endMs = Math.max(endMs, arrivedMs + event.ttl * 1000);
            }
            if (nowMs - lastMs > (endMs - lastMs) / 2)
                yield { host, silentAtMs: endMs, silent: false };
        }
    }
    #begin(host) {
        const state = {
            heard: new Map(),
            dropped: new Set(),
            verdict: undefined,
            sinceMs: this.#options.clock.monoMs(),
        };
        this.#hosts.set(host, state);
        return state;
    }
    #judge(host, known) {
        const { clock, dropAfterMs, managedEventsOf, wishes } = this.#options;
        const managed = managedEventsOf(host);
        this.#clearEvents(host, known, managed);
        const nowMs = clock.monoMs();
        const { heard, dropped } = known;
        const verdict = judgeHost({
            heard,
            managed,
            dropped,
            listeningSinceMs: this.#listeningSinceMs,
            nowMs,
            nowS: this.#nowS(),
            dropAfterMs,
        });
        if (verdict.drop.length > 0) {
            for (const service of verdict.drop) {
                heard.delete(service);
                dropped.add(service);
                wishes.forgetEvent(host, service);
            }
            this.#judge(host, known);
            return;
        }
        if (verdict.kind !== known.verdict?.kind)
            known.sinceMs = nowMs;
        known.verdict = verdict;
        if (verdict.againAtMs === undefined)
            this.#again.delete(host);
        else
            this.#again.set(host, verdict.againAtMs);
        wishes.setFlag(RULE, host, wishOf(verdict, known.sinceMs));
    }
    /** A managed event stands while its service is unfit, and goes when it is well again (judgement.md 14). */
    #sayEvent(host, event, word, last) {
        if (word === 'unfit') {
            if (last?.word === 'unfit' && last.event.description === event.description && last.event.state === event.state)
                return;
            this.#options.wishes.setEvent(host, event.service, recordEventOf(event));
        }
        else if (word === 'fit' && last?.word === 'unfit')
            this.#options.wishes.forgetEvent(host, event.service);
    }
    /** Managed events of tests that are well by now, or no longer reported, are to go from the record. */
    #clearEvents(host, { heard, dropped }, managed) {
        const { wishes } = this.#options;
        for (const service of dropped)
            if (!(service in managed))
                dropped.delete(service);
        for (const [service, event] of wishes.events(host)) {
            if (event === null && !(service in managed))
                wishes.forgetEvent(host, service);
        }
        for (const [service, event] of Object.entries(managed)) {
            const test = heard.get(service);
            const well = test?.word === 'fit' && supersedes(test, event);
            if ((well || dropped.has(service)) && !wishes.events(host).has(service))
                wishes.setEvent(host, service, null);
        }
    }
    #nowS() {
        return this.#options.clock.wallMs() / 1000;
    }
}
function wishOf(verdict, sinceMs) {
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
const LONGEST_STORED_DESCRIPTION = 1024;
function recordEventOf(event) {
    const { state = '', attributes, description, ...rest } = event;
    return {
        ...attributes,
        ...rest,
        // The original's schema knows ok, critical, warn and expired only.
        state: wordOf(state) === 'unfit' ? 'critical' : state,
        ...(description === undefined ? {} : { description: cutToBytes(description, LONGEST_STORED_DESCRIPTION) }),
        ...(state === 'critical' ? {} : { 'reported-state': state }),
    };
}
