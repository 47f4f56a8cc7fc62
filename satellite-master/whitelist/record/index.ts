/** The record of a host, and what a change makes of it. Pure. */
export { epochIn, withEpoch } from './automation-text.ts';
export {
  type Deletion,
  type DeletionMark,
  deletionMarksIn,
  deletionsIn,
  isDeletionOf,
  withDeletions,
} from './deletions.ts';
export type { DesiredEvents } from './managed-events.ts';
export { putOn, takenOff, withManagedEvents } from './managed-events.ts';
export {
  flagOfState,
  type ManualInput,
  standingEvent,
  withFlagByHand,
  withManualEvent,
  withManualReplaced,
  withoutExpired,
  withoutManual,
  withoutManualEvent,
} from './manual-events.ts';
export { readmissionOf } from './readmission.ts';
export {
  BRIDGE_ID,
  emptyRecord,
  expiryOf,
  type Flag,
  type HostRecord,
  isExpired,
  isMemory,
  isOn,
  MANUAL_ID,
  manualVerdict,
  mergedVerdict,
  nextManualExpiry,
  parseRecord,
  READMISSION_ID,
  type RecordEvent,
  type RecordEvents,
  sameMeaning,
  serializeRecord,
  shownRecord,
} from './record.ts';
export type { RuleId } from './rule-id.ts';
