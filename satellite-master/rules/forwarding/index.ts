/** `forward` of rules: one connection to each address, with a bounded queue. */
export { Forwarding } from './forwarding.ts';
export { HeldForwards } from './held.ts';
