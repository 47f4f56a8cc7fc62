/** Sending what a queue holds to one address, over any transport: one request at a time, and backoff while it fails. */
export { RetryGroup } from './retry-group.ts';
export { Sender, type SenderOptions } from './sender.ts';
export type { Rejection, SendOutcome, Transport } from './transport.ts';
