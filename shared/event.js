export const DEFAULT_TTL_SECONDS = 60;
export const LONGEST_SERVICE = 1024;
export const LONGEST_DESCRIPTION_BYTES = 4096;
export const MOST_ATTRIBUTES = 32;
export const LONGEST_ATTRIBUTE_BYTES = 1024;
/** The services below it are a host's tests (judgement.md 2). */
export const TEST_PREFIX = 'mesos/slave/';
/** Words with a meaning of their own in a host record, never taken as attribute from a report. */
export const REFUSED_ATTRIBUTES = new Set([
    'by',
    'override',
    'relapses',
    'off-since',
    'managed-events',
    'manual-events',
    '__proto__',
]);
const OWN_KEYS = new Set([
    'host',
    'service',
    'state',
    'time',
    'metric',
    'ttl',
    'description',
    'tags',
]);
export function isOwnKey(key) {
    return OWN_KEYS.has(key);
}
export function eventToJson(event) {
    const { attributes, ...own } = event;
    return attributes ? { ...attributes, ...own } : own;
}
