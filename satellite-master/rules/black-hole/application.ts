/**
 * Which application a task belongs to: its framework and its name without the part that distinguishes its instances.
 * Tasks of one application are alike, so that they can be compared between hosts.
 */
import { cutToLength } from '../../../shared/text.ts';

export interface NamedTask {
  readonly id: string;
  readonly name: string;
  readonly frameworkId: string;
  readonly frameworkName: string;
}

export interface Attribution {
  /** As in `marathon/web`. */
  readonly application: string;
  /** The whole name of a task that has one of its own in the application; empty: all of them are called the same. */
  readonly instance: string;
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
/** In front of the part of an instance. */
const SEPARATOR = '[-_.:/ #@,]';
/** What follows the last separator and is only of this instance. */
const INSTANCE = new RegExp(
  [
    // A date, with or without a time: 2016-08-13, 20160813T054622Z, 2016-08-13T05:46:22.000Z
    `${SEPARATOR}+\\d{4}-?\\d{2}-?\\d{2}([T ]?\\d{2}:?\\d{2}(:?\\d{2}(\\.\\d+)?)?)?Z?$`,
    // A number
    `${SEPARATOR}+\\d+$`,
    // A hash: at least seven hexadecimal digits, one of them a figure
    `${SEPARATOR}+(?=[a-f]*\\d)[0-9a-f]{7,64}$`,
  ].join('|'),
  'i',
);
/** `web-1.2.3` is a version and no instance: versions may differ in whether they work. */
const VERSION = new RegExp(`(^|${SEPARATOR})v?\\d+\\.\\d+\\.\\d+$`, 'i');
const LOOSE_END = new RegExp(`(${SEPARATOR}|[([{])+$`);
/** Longer names are cut: they are keys, and shown. */
const LONGEST = 200;

/**
 * Takes away, at the end and again and again, numbers, hashes and timestamps behind a separator, and UUIDs wherever
 * they stand. A version of three numbers stays.
 * @example withoutInstance('job_12:34') === 'job'
 */
export function withoutInstance(name: string): string {
  let base = tidy(name.replace(UUID, ''));
  for (;;) {
    if (VERSION.test(base)) return base;
    const shorter = tidy(base.replace(INSTANCE, ''));
    if (shorter === base) break;
    base = shorter;
  }
  return /^\d+$/.test(base) ? '' : base;
}

export function attributionOf({ id, name, frameworkId, frameworkName }: NamedTask): Attribution {
  const framework = withoutUuid(frameworkName) || frameworkId || 'unknown framework';
  const whole = cutToLength(name || id, LONGEST * 2);
  const base = withoutInstance(whole) || '*';
  return {
    application: `${cutToLength(framework, LONGEST)}/${cutToLength(base, LONGEST)}`,
    instance: name !== '' && base !== whole ? whole : '',
  };
}

function withoutUuid(name: string): string {
  return tidy(name.replace(UUID, ''));
}

/** Without the separators and open brackets that a part left behind: `Task(Run-)` is `Task(Run)`. */
function tidy(name: string): string {
  const closing = /[)\]}]+$/.exec(name)?.[0] ?? '';
  const inner = name.slice(0, name.length - closing.length).replace(LOOSE_END, '');
  const opens = /[([{]/.test(inner);
  return (opens ? inner + closing : inner).trim();
}
