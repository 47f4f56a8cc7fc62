/** What every kind of channel takes in rules. Durations: a number is seconds, a string says its unit. */
import type { Stream, StreamEvent } from '../../streams/index.ts';
import type { AlertOptions } from '../alert/index.ts';

/** For every kind of channel. */
export interface ChannelOptions extends AlertOptions {
  /** Names it in metrics, logs and `satellite/alerts/NAME`; default the kind, numbered from the second on. */
  readonly name?: string;
  /** After which what is still open is said again; default 4 h, for `alertmanager` 1 min. */
  readonly repeat?: number | string;
  /** For one try; default 10 s. */
  readonly timeout?: number | string;
}

/** Takes single events, and the lists that `rollup`, `batch` and windows give. */
export type AlertStream = Stream<StreamEvent | readonly StreamEvent[]>;
