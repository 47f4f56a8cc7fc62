/** The kinds of channels, and what all of them take. */
import { SEVERITIES } from '../alert/index.ts';
import { compileAlertmanager } from './alertmanager.ts';
import { compileEmail } from './email.ts';
import { OptionReader } from './option-reader.ts';
import type { ChannelFunctions } from './options.ts';
import { compilePagerduty } from './pagerduty.ts';
import type { Compiled } from './sender.ts';
import { compileSlack } from './slack.ts';
import { compileWebhook } from './webhook.ts';

export type Kind = keyof ChannelFunctions;

const HOUR_MS = 3_600_000;
const KINDS: Readonly<
  Record<Kind, { readonly compile: (options: OptionReader) => Compiled; readonly repeatMs: number }>
> = {
  email: { compile: compileEmail, repeatMs: 4 * HOUR_MS },
  webhook: { compile: compileWebhook, repeatMs: 4 * HOUR_MS },
  pagerduty: { compile: compilePagerduty, repeatMs: 4 * HOUR_MS },
  slack: { compile: compileSlack, repeatMs: 4 * HOUR_MS },
  // Its alerts end by themselves unless they are said again.
  alertmanager: { compile: compileAlertmanager, repeatMs: 60_000 },
};
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
  const { compile, repeatMs: usualRepeatMs } = KINDS[kind];
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
