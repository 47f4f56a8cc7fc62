/** satellite-master/replay */
export { ReplayError, type ReplayOptions, replayPath } from './command.ts';
export { Recorder, type RecordSettings } from './recorder.ts';
export { Shadow, type ShadowDifference, type ShadowReport } from './shadow.ts';
