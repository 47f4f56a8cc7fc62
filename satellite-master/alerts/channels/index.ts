/** The kinds of alert channels, one file each: its options, how they are read, and how an alert becomes a request or a mail. */
export type { AlertmanagerOptions } from './alertmanager.ts';
export type { EmailOptions } from './email.ts';
export { type ChannelFunctions, channelFunctions, freeName, type Kind, type Parsed, parseChannel } from './kinds.ts';
export type { AlertStream, ChannelOptions } from './options.ts';
export type { PagerdutyOptions } from './pagerduty.ts';
export type { Outcome, Sender } from './sender.ts';
export type { SlackOptions } from './slack.ts';
export type { WebhookOptions } from './webhook.ts';
