/** The managed list: what rules want, what the guard allows, and the reconciler that closes the difference. */
export type { Decision, ReadmitAfter } from './decision.ts';
export { DepartedHostReaper } from './departed-host-reaper.ts';
export { type DesiredFlag, DesiredFlags } from './desired-flags.ts';
export { ExpiredEventReaper } from './expired-event-reaper.ts';
export { offLimit } from './guard.ts';
export { GuardCounts, type GuardCountsOptions, type Silence } from './guard-counts.ts';
export type { MesosRegistration } from './inventory.ts';
export { Reconciler } from './reconciler.ts';
