import { isOwnKey, LONGEST_ATTRIBUTE_BYTES, MOST_ATTRIBUTES, REFUSED_ATTRIBUTES } from '../../shared/event.ts';
import { cutToBytes, hasControlCharacters } from '../../shared/text.ts';
import { exactly, type Finding, recipe } from './comet.ts';
import { COMMAND_SCHEMA, type CommandResult, endOf, firstLine, SERVICE_SCHEMA, wordsOf } from './commands.ts';

const STATES: readonly (string | undefined)[] = ['ok', 'warning', 'critical', 'unknown'];

/** A plugin of Nagios, run as Nagios runs it. */
export const nagios = recipe<{ command: string | readonly string[]; service: string }>(
  exactly({ command: COMMAND_SCHEMA, service: SERVICE_SCHEMA }),
  ({ command, service }) => ({
    services: [service],
    run: async (at) => [{ service, ...judgePlugin(await at.command(wordsOf(command))) }],
  }),
);

/**
 * What a plugin's end and words mean. 0, 1, 2, 3 are ok, warning, critical, unknown; any other status and a signal
 * are critical, as Nagios Core takes them: a plugin that says `unknown` knows that it does not know,
 * one that breaks does not.
 */
export function judgePlugin(result: CommandResult): Omit<Finding, 'service'> {
  const { text, perfdata } = splitOutput(result.output);
  const values = parsePerfdata(perfdata);
  const metric = values.map(({ value }) => leadingNumber(value)).find((number) => number !== undefined);
  const state = result.exit === null ? undefined : STATES[result.exit];
  const said = text || (perfdata === '' ? firstLine(result) : '') || endOf(result);
  return {
    state: state ?? 'critical',
    description: state === undefined ? `the plugin ${endOf(result)}: ${said}` : said,
    attributes: attributesOf(values),
    ...(metric === undefined ? {} : { metric }),
  };
}

/** The first line is `text|perfdata`; further lines are long text up to a `|`, and perfdata behind it. */
function splitOutput(output: string): { text: string; perfdata: string } {
  const [first = '', ...more] = output.trim().split('\n');
  const [text, perfdata] = cutAtBar(first);
  const [, morePerfdata] = cutAtBar(more.join('\n'));
  return { text: text.trim(), perfdata: `${perfdata} ${morePerfdata}`.trim() };
}

function cutAtBar(text: string): [before: string, behind: string] {
  const at = text.indexOf('|');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

interface PerfdataValue {
  readonly label: string;
  /** `value[unit];[warn];[crit];[min];[max]`, as the plugin printed it. */
  readonly value: string;
}

/** `label=value` parted by blanks; a label with blanks or `=` stands in single quotes, a quote in it is doubled. */
export function parsePerfdata(text: string): PerfdataValue[] {
  const values: PerfdataValue[] = [];
  for (const [, quoted, bare = '', value = ''] of text.matchAll(/(?:'((?:[^']|'')+)'|([^\s'=]+))=(\S+)/g))
    values.push({ label: quoted?.replaceAll("''", "'") ?? bare, value });
  return values;
}

/** The number before unit and thresholds; none for `U`, which a plugin says when it does not know. */
function leadingNumber(value: string): number | undefined {
  const number = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?/i.exec(value)?.[0];
  return number === undefined || !Number.isFinite(Number(number)) ? undefined : Number(number);
}

/** A label that is a word of events themselves, such as check_http's `time`, gets `perfdata-` before it. */
function attributesOf(values: readonly PerfdataValue[]): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const { label, value } of values) {
    if (Object.keys(attributes).length >= MOST_ATTRIBUTES) break;
    if (hasControlCharacters(label) || Buffer.byteLength(label) > LONGEST_ATTRIBUTE_BYTES) continue;
    const key = isOwnKey(label) || REFUSED_ATTRIBUTES.has(label) ? `perfdata-${label}` : label;
    attributes[key] ??= cutToBytes(value, LONGEST_ATTRIBUTE_BYTES);
  }
  return attributes;
}
