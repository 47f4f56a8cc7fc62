/** Tag of an event that blames a host by the counters of its agent alone, which name no application: no host is taken off for it. */
export const COUNTERS_ONLY = 'counters-only';
