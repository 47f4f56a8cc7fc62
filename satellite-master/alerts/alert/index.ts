/** What a channel sends: an alert made of an event, the same for every channel. */
export {
  type Alert,
  alertOf,
  conditionOver,
  defaultKey,
  isWorse,
  keyOf,
  type SayingOptions,
  SEVERITIES,
  type Severity,
} from './alert.ts';
