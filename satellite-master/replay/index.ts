/** Recording what arrives, replaying recordings and captured states, and shadow rules. Nothing outside is touched by it. */
export { ReplayError, type ReplayOptions, replayPath } from './command.ts';
export { Recorder, type RecordSettings } from './recorder.ts';
export { Shadow, type ShadowDifference, type ShadowReport } from './shadow.ts';
