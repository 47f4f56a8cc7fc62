/** Comets: the checks of this machine, the built-in ones and the user's own, and running them. */
export type { Comet, CometTimes } from './comet.ts';
export { missingProgram } from './command-words.ts';
export { Commands } from './commands.ts';
export { CUSTOM_COMETS_FORM, loadCustomComets, type MakeCustomComet, makeCustomComet } from './custom.ts';
export { FileSystemCalls } from './file-system-calls.ts';
export { ProcessTable } from './leftovers.ts';
export { Machine } from './machine.ts';
export { RECIPES } from './recipes.ts';
export { type CometContext, CometRunner, type CometSettings } from './runner.ts';
export { type Beat, Schedule } from './schedule.ts';
export { Slots } from './slots.ts';
