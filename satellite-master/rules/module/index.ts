/** satellite-master/rules/module */
export { buildStreams } from './build.ts';
export { watchFiles } from './file-watch.ts';
export { defaultModule, loadRulesModule, type RulesModule } from './module.ts';
export { placeOf, RulesError } from './rules-error.ts';
