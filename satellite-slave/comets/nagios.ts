import { isOwnKey, MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTES, REFUSED_ATTRIBUTES } from '../../shared/event.ts';
import { cutToBytes, hasControlCharacters } from '../../shared/text.ts';
import { exactly, type Finding, recipe } from './comet.ts';
import { COMMAND_SCHEMA, SERVICE_SCHEMA, wordsOf } from './command-words.ts';
import { type CommandResult, firstLine } from './commands.ts';
import { leadingNumber, type PerfdataValue, parsePerfdata } from './perfdata.ts';
import { UnknownStateError } from './unknown-state-error.ts';

const STATES: readonly (string | undefined)[] = ['ok', 'warning', 'critical', 'unknown'];

/** Of the performance data so much is parsed: far more than 32 attributes need. */
const MAX_PERFDATA = 32_768;

/** A Nagios plugin, run as Nagios runs it. */
export const nagios = recipe<{ command: string | readonly string[]; service: string }>(
  exactly({ command: COMMAND_SCHEMA, service: SERVICE_SCHEMA }),
  ({ command, service }) => ({
    services: [service],
    program: wordsOf(command)[0],
    run: async (at) => [{ service, ...judgePlugin(await at.command(wordsOf(command))) }],
  }),
);

/**
 * The state of a plugin by its exit status: 0, 1, 2, 3 are ok, warning, critical, unknown; any other status is
 * critical, as in Nagios Core.
 * @throws UnknownStateError for output that is no text
 */
export function judgePlugin({ exit, ...result }: CommandResult): Omit<Finding, 'service'> {
  if (result.output.includes('\0')) throw new UnknownStateError('the output of the plugin is binary, not text');
  const { text, perfdata } = splitOutput(result.output);
  const values = parsePerfdata(perfdata);
  const [first] = values;
  // A plugin that does not know its first value does not mean its second.
  const metric = first && leadingNumber(first.value);
  const state = exit === null ? undefined : STATES[exit];
  const said = text || (perfdata === '' ? firstLine({ exit, ...result }) : '');
  return {
    state: state ?? 'critical',
    description: state === undefined ? `plugin exited with ${exit}: ${said}` : said || `plugin exited with ${exit}`,
    attributes: attributesOf(values),
    ...(metric === undefined ? {} : { metric }),
  };
}

/** The first line is `text|perfdata`; further lines are long text, and from a second `|` on perfdata. */
function splitOutput(output: string): { text: string; perfdata: string } {
  const trimmed = output.trim();
  const end = trimmed.indexOf('\n');
  const [text, perfdata] = cutAtBar(end < 0 ? trimmed : trimmed.slice(0, end));
  const [longText, morePerfdata] = cutAtBar(end < 0 ? '' : trimmed.slice(end + 1));
  return {
    text: `${text.trim()}\n${longText.trim()}`.trim(),
    perfdata: `${perfdata} ${morePerfdata}`.slice(0, MAX_PERFDATA),
  };
}

function cutAtBar(text: string): [before: string, behind: string] {
  const at = text.indexOf('|');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** A label that is the name of an event's field, such as check_http's `time`, gets `perfdata-` before it. */
function attributesOf(values: readonly PerfdataValue[]): Record<string, string> {
  const attributes = new Map<string, string>();
  for (const { label, value } of values) {
    if (attributes.size >= MAX_ATTRIBUTES) break;
    if (value === '' || hasControlCharacters(label) || Buffer.byteLength(label) > MAX_ATTRIBUTE_BYTES) continue;
    const key = isOwnKey(label) || REFUSED_ATTRIBUTES.has(label) ? `perfdata-${label}` : label;
    if (!attributes.has(key)) attributes.set(key, cutToBytes(value, MAX_ATTRIBUTE_BYTES));
  }
  return Object.fromEntries(attributes);
}
