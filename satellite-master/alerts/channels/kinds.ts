/** The kinds of channels, and what all of them take. */
import { SEVERITIES } from '../alert/index.ts';
import { alertmanager } from './alertmanager.ts';
import { email } from './email.ts';
import { OptionReader } from './option-reader.ts';
import type { AlertStream, ChannelOptions } from './options.ts';
import { pagerduty } from './pagerduty.ts';
import type { ChannelKind, Compiled } from './sender.ts';
import { slack } from './slack.ts';
import { webhook } from './webhook.ts';

/** Every kind of channel, by the name of its function in rules. */
const KINDS = { alertmanager, email, pagerduty, slack, webhook };

export type Kind = keyof typeof KINDS;
type OptionsOf<K extends Kind> = (typeof KINDS)[K] extends ChannelKind<infer Options> ? Options : never;

/**
 * The functions rules call. Wrong options throw a StreamArgumentError that names the channel and the option.
 * The same options are the same channel wherever they stand, so a channel may be made inside `by`.
 */
export type ChannelFunctions = { readonly [K in Kind]: (options: OptionsOf<K>) => AlertStream };

/** @param make the function of one kind */
export function channelFunctions(
  make: <K extends Kind>(kind: K) => (options: OptionsOf<K>) => AlertStream,
): ChannelFunctions {
  const kinds = Object.keys(KINDS) as Kind[];
  return Object.fromEntries(kinds.map((kind) => [kind, make(kind)])) as ChannelFunctions;
}

const USUAL_REPEAT_MS = 14_400_000;
const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

export interface Parsed extends Omit<Compiled, 'target'> {
  readonly kind: Kind;
  readonly name: string | undefined;
  readonly repeatMs: number;
  readonly timeoutMs: number;
  /** What has the same is the same channel. Holds secrets: never to be shown. */
  readonly identity: string;
}

/** @throws StreamArgumentError with all that is wrong, by channel and option */
export function parseChannel(kind: Kind, given: unknown, readsFiles: boolean): Parsed {
  const options = new OptionReader(kind, given, readsFiles);
  const { compile, repeatMs: usualRepeatMs = USUAL_REPEAT_MS }: ChannelKind<ChannelOptions> = KINDS[kind];
  const name = options.optionalText('name');
  if (name !== undefined && !NAME.test(name))
    options.wrong('name', 'must be up to 64 letters, digits, ".", "-" or "_"');
  const repeatMs = options.durationMs('repeat', usualRepeatMs, 1_000);
  const timeoutMs = options.durationMs('timeout', 10_000, 100);
  readAlertOptions(options);
  const { target, batch, open } = compile(options);
  options.finish();
  return {
    kind,
    name,
    repeatMs,
    timeoutMs,
    batch,
    open,
    identity: JSON.stringify([kind, name, repeatMs, timeoutMs, target]),
  };
}

/** For a channel that was given no name. */
export function freeName(kind: Kind, taken: ReadonlySet<string>): string {
  for (let count = 1; ; count++) {
    const name = count === 1 ? kind : `${kind}-${count}`;
    if (!taken.has(name)) return name;
  }
}

function readAlertOptions(options: OptionReader): void {
  for (const name of ['key', 'summary']) options.optionalFunction(name);
  if (typeof options.raw('severity') !== 'function') options.oneOf('severity', SEVERITIES);
  options.oneOf('expired', ['trigger', 'resolve', 'ignore']);
  options.flag('heartbeat');
  if (options.has('resolveOn') && options.texts('resolveOn').includes('expired'))
    options.wrong('resolveOn', 'must not hold "expired": that is the option "expired"');
}
