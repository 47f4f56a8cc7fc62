/** What a channel sends: an alert made of an event, the same for every channel. */
export {
  type Alert,
  type AlertOptions,
  alertOf,
  conditionOver,
  defaultKey,
  isWorse,
  keyOf,
  SEVERITIES,
  type Severity,
} from './alert.ts';
