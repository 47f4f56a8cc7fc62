/** satellite-master/rules */
export { checkRules } from './check.ts';
