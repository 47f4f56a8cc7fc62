import { Deadlines } from './deadlines.js';
export const MOST_SERVICES_A_HOST = 256;
export const MOST_HOSTS = 100_000;
/** A gap between two ticks that is longer than this is a stall of our own (judgement.md 7). */
const STALL_MS = 5_000;
/** Events without a host share this key; no host name is empty. */
const NO_HOST = '';
export class EventIndex {
    #clock;
    #hosts = new Map();
    #deadlines = new Deadlines();
    #size = 0;
    #lastTickMs;
    constructor(clock) {
        this.#clock = clock;
        this.#lastTickMs = clock.monoMs();
    }
    get size() {
        return this.#size;
    }
    /** Hosts with at least one live event. */
    get hosts() {
        return this.#hosts.size - (this.#hosts.has(NO_HOST) ? 1 : 0);
    }
    take(event) {
        const host = event.host ?? NO_HOST;
        const nowMs = this.#clock.monoMs();
        const services = this.#hosts.get(host);
        const last = services?.get(event.service);
        if (last && event.time < last.event.time && nowMs - last.arrivedMs <= last.event.ttl * 1000)
            return 'older';
        if (!last && !this.#hasRoom(services))
            return 'full';
        const expiresMs = nowMs + event.ttl * 1000;
        const home = services ?? new Map();
        if (!services)
            this.#hosts.set(host, home);
        home.set(event.service, { event, arrivedMs: nowMs, expiresMs });
        this.#deadlines.set(keyOf(host, event.service), expiresMs);
        if (!last)
            this.#size++;
        return last ? 'updated' : 'new';
    }
    get(host, service) {
        return this.#hosts.get(host)?.get(service);
    }
    /** All live events of a host, without order. */
    *ofHost(host) {
        yield* this.#hosts.get(host)?.values() ?? [];
    }
    *all() {
        for (const services of this.#hosts.values())
            yield* services.values();
    }
    delete(host, service) {
        const services = this.#hosts.get(host);
        if (!services?.delete(service))
            return false;
        if (services.size === 0)
            this.#hosts.delete(host);
        this.#deadlines.delete(keyOf(host, service));
        this.#size--;
        return true;
    }
    dropHost(host) {
        for (const service of [...(this.#hosts.get(host)?.keys() ?? [])])
            this.delete(host, service);
    }
    /**
     * Takes out what has run out since the last call and returns it as it was. To be called several times a second;
     * after a gap of more than 5 s between two calls nothing expires, and everything gets one more ttl.
     */
    tick() {
        const nowMs = this.#clock.monoMs();
        const gapMs = nowMs - this.#lastTickMs;
        this.#lastTickMs = nowMs;
        if (gapMs > STALL_MS) {
            this.#deadlines.postponeAll((key) => nowMs + (this.#slotOf(key)?.event.ttl ?? 0) * 1000);
            return { expired: [], stalledMs: gapMs };
        }
        const expired = [];
        for (const key of this.#deadlines.takeDue(nowMs)) {
            const slot = this.#slotOf(key);
            if (!slot)
                continue;
            expired.push(slot.event);
            this.delete(slot.event.host ?? NO_HOST, slot.event.service);
        }
        return { expired, stalledMs: 0 };
    }
    #hasRoom(services) {
        return services ? services.size < MOST_SERVICES_A_HOST : this.#hosts.size < MOST_HOSTS;
    }
    #slotOf(key) {
        const [host = '', service = ''] = splitKey(key);
        return this.#hosts.get(host)?.get(service);
    }
}
/** A host name has no line break, so the first one parts the two. */
function keyOf(host, service) {
    return `${host}\n${service}`;
}
function splitKey(key) {
    const at = key.indexOf('\n');
    return [key.slice(0, at), key.slice(at + 1)];
}
