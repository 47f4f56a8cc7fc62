/** Black holes: hosts on which tasks fail that run elsewhere. The statistics, what they are fed, and what they say. */
export { attributionOf } from './application.ts';
export { BLACK_HOLE_SERVICE, BlackHole, type BlackHoleSettings } from './black-hole.ts';
export { COUNTERS_ONLY } from './tags.ts';
export { outcomeOfTask } from './task-outcome.ts';
export { type TaskStep, TaskWindow } from './task-window.ts';
export { type Blame, judgeBlackHoles, type Thresholds } from './verdict.ts';
