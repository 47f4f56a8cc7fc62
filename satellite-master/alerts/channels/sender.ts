/** The thin edge of a channel: brings alerts out once, and says how that went. */
import type { Alert } from '../alert/index.ts';
import type { OptionReader } from './option-reader.ts';
import type { ChannelOptions } from './options.ts';

export type Outcome =
  | { readonly kind: 'sent' }
  /** Never to be tried again as it is. `one`: it may lie in one alert of several, each is worth a try alone. */
  | { readonly kind: 'refused'; readonly by: 'one' | 'all'; readonly reason: string }
  /** To be tried again, not before `notBeforeMs` from now. */
  | { readonly kind: 'failed'; readonly reason: string; readonly notBeforeMs: number };

export interface Sender {
  /** Never throws; the reason of a failure holds no secret. */
  send(alerts: readonly Alert[]): Promise<Outcome>;
  close(): Promise<void>;
}

/** What a kind of channel makes of its options. */
export interface Compiled {
  /** Where it sends and how, as JSON: what has the same is the same channel. */
  readonly target: Readonly<Record<string, unknown>>;
  /** Alerts in one message at most. */
  readonly batch: number;
  readonly open: (rate: Rate) => Sender;
}

export interface Rate {
  readonly timeoutMs: number;
  readonly repeatMs: number;
  readonly nowS: () => number;
}

/** One kind of channel. `Options` is what rules give it, beside {@link ChannelOptions}. */
export interface ChannelKind<Options extends ChannelOptions> {
  /** Reads its own options; what is wrong with them is collected by the reader. */
  readonly compile: (options: OptionReader) => Compiled;
  /** Default of the option `repeat`; default 4 h. */
  readonly repeatMs?: number;
  /** Only a type: the options that {@link compile} reads. */
  readonly options?: Options;
}
