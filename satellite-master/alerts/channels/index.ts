/** satellite-master/alerts/channels */
export { freeName, type Kind, type Parsed, parseChannel } from './kinds.ts';
export type * from './options.ts';
export type { AlertStream, ChannelFunctions } from './options.ts';
export type { Outcome, Sender } from './sender.ts';
