/** satellite-master/rules/forwarding */
export { Forwarding } from './forwarding.ts';
export { HeldForwards } from './held.ts';
