/** What one rules module wants of the managed list, kept apart from other modules until it is in force. */
export { type FlagsOfRule, ModuleFlags } from './module-flags.ts';
