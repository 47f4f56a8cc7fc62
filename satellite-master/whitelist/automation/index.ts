/** satellite-master/whitelist/automation */
export type { Decision, ReadmitAfter } from './decision.ts';
export { Forgetter } from './departed-host-reaper.ts';
export { type Wish, Wishes } from './desired-flags.ts';
export { Reaper } from './expired-event-reaper.ts';
export { offLimit } from './guard.ts';
export { Census, type CensusOptions, type Silence } from './guard-counts.ts';
export type { MesosWord } from './inventory.ts';
export { Reconciler } from './reconciler.ts';
