/** The kinds of alert channels, one file each: how its options are read, and how an alert becomes a request or a mail. */
export { freeName, type Kind, type Parsed, parseChannel } from './kinds.ts';
export type * from './options.ts';
export type { AlertStream, ChannelFunctions } from './options.ts';
export type { Outcome, Sender } from './sender.ts';
