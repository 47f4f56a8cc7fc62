import type { Batch } from '../latest-queue.ts';

/** An item that the receiver will never accept. */
export interface Rejection {
  /** Its place in the batch. */
  readonly index: number;
  readonly reason: string;
}

/** What the receiver answered to a batch. */
export type SendOutcome =
  /** Delivered; what is rejected is not sent again. */
  | { readonly kind: 'accepted'; readonly rejected: readonly Rejection[] }
  /** The whole batch is unacceptable, or failed at the receiver after it had arrived: it is not sent again. */
  | { readonly kind: 'refused'; readonly reason: string; readonly rejected: readonly Rejection[] }
  /** Sent again in halves, at once. */
  | { readonly kind: 'too-large' }
  /** Sent again after the backoff, and not before `notBeforeMs`. */
  | { readonly kind: 'busy'; readonly reason: string; readonly notBeforeMs: number }
  /** Sent again slowly, as only a change of settings helps; at once where `credentialsChanged`. */
  | { readonly kind: 'denied'; readonly reason: string; readonly credentialsChanged: boolean };

/** How a batch reaches its receiver: over HTTP, or in Riemann's protocol. */
export interface Transport<T> {
  /** For the log, as in `http://host:port` or `host:port`. */
  readonly address: string;
  /** @throws where there is no answer: the batch is sent again */
  send(batch: Batch<T>): Promise<SendOutcome>;
  /** A request that is under way fails. */
  close(): Promise<void> | void;
}
