/** satellite-slave/comets */
export type { Comet, CometTimes } from './comet.ts';
export { Commands } from './commands.ts';
export { CUSTOM_COMETS_FORM, loadCustomComets, type MakeCustomComet, makeCustomComet } from './custom.ts';
export { FileSystemCalls } from './file-system-calls.ts';
export { Machine } from './machine.ts';
export { RECIPES } from './recipes.ts';
export { CometRunner, type CometSettings } from './runner.ts';
export { Schedule } from './schedule.ts';
export { Slots } from './slots.ts';
