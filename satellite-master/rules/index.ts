/** Checks a rules module for `--check`. The other parts of the rules are in the folders beside. */
export { checkRules } from './check.ts';
