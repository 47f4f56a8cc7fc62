/** satellite-master/rules/black-hole */
export { attributionOf } from './application.ts';
export { BLACK_HOLE_SERVICE, BlackHole, type BlackHoleSettings } from './black-hole.ts';
export { COUNTERS_ONLY } from './tags.ts';
export { wordOfTask } from './task-outcome.ts';
export { type TaskStep, TaskWindow } from './task-window.ts';
export { type Blame, judgeBlackHoles, type Thresholds } from './verdict.ts';
