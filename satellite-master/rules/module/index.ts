/** Loads rules modules from disk, builds their streams, and reports what is wrong with them by file and line. */
export { ModuleBuild } from './build.ts';
export { watchFiles } from './file-watch.ts';
export { defaultModule, loadRulesModule, type RulesModule } from './module.ts';
export { placeOf, RulesError } from './rules-error.ts';
