/** Functions on host records and on the manual list, of kind "function". */
import { parseEventChange } from '../../satellite-master/http/change.ts';
import { ensureAllTestsPass } from '../../satellite-master/streams/recipes.ts';
import { isOn, manualVerdict, parseRecord, serializeRecord } from '../../satellite-master/whitelist/record/record.ts';
import { parseDurationMs } from '../../shared/duration.ts';
import { Keyword, MapForm, readForm } from './edn.ts';
import type { FunctionTable } from './functions.ts';

type RawEvent = Readonly<Record<string, unknown>>;

const record = (raw: unknown) => {
  const { record: parsed, broken } = parseRecord(JSON.stringify(raw));
  if (!parsed) throw new Error(broken);
  return parsed;
};

/** The order of keys and the escapes of text mean nothing in JSON. */
const asJson = (text: unknown): unknown => (typeof text === 'string' ? JSON.parse(text) : text);

/** The words of the original's schema: here a fault is a fault. */
const verdict = (text: unknown) => text === 'ok';

/** JSON has no nil: an argument that holds one is told apart by the form of it that the file puts into the name. */
function nilsIn(name: string): Readonly<Record<string, null>> {
  if (!name.startsWith('{')) return {};
  const form = readForm(name);
  const pairs = form instanceof MapForm ? form.pairs : [];
  return Object.fromEntries(
    pairs.flatMap(([key, value]) => (key instanceof Keyword && value === undefined ? [[key.name, null]] : [])),
  );
}

export const RECORD_FUNCTIONS: FunctionTable = {
  'recompute-manual-flag': {
    run: ([raw], nowS) => manualVerdict(record(raw), nowS).flag,
    onPurpose({ args: [raw] }) {
      const states = new Set(Object.values(raw['manual-events'] as Record<string, RawEvent>).map(({ state }) => state));
      // Where all events say the same, or one stands alone, the newest decides in both.
      return states.size === 1
        ? undefined
        : 'docs/judgement.md, rule 15: any unexpired `critical` → off; else any unexpired `ok` → on; without events a stored flag stands';
    },
  },
  'whitelist-data-on?': {
    run: ([raw], nowS) => {
      const { record: parsed } = parseRecord(JSON.stringify(raw));
      // A broken record is on no list (docs/judgement.md, rule 22).
      return parsed !== undefined && isOn(parsed, nowS);
    },
  },
  'whitelist-data->bytes': { run: ([raw]) => JSON.parse(serializeRecord(record(raw))), theirs: asJson },
  'validate RiemannEvent': {
    /** What REST takes is parsed as strictly as it was there; a record is read if it can be. */
    run: ([raw], _nowS, { name = '' }) => {
      const event: RawEvent = { ...(raw as RawEvent), ...nilsIn(name) };
      record({ 'managed-events': { one: event }, 'manual-events': {} });
      parseEventChange({
        ...event,
        state: event['state'] === 'warn' || event['state'] === 'expired' ? 'ok' : event['state'],
      });
      return true;
    },
    refuses: () => false,
    theirs: verdict,
  },
  'str->period': {
    run: ([text]) => {
      const ms = parseDurationMs(text, 's');
      if (ms === undefined) throw new Error('no duration');
      return ms / 1000;
    },
    onPurpose: ({ result, exception }, ours) =>
      // Refused there and taken here, never taken with another meaning.
      exception !== undefined && result === undefined && typeof ours === 'number'
        ? 'docs/settings.md: "A duration is a number or a text with a unit; the plural of a unit is accepted too."'
        : undefined,
  },
  'ensure-all-tests-pass': {
    run: ([events]) => {
      const calls: { call: string; host: string }[] = [];
      const call = (name: string) => (host: string) => calls.push({ call: name, host });
      ensureAllTestsPass({ onHost: call('on-host'), offHost: call('off-host') })(events);
      return calls;
    },
    onPurpose({ args: [events] }) {
      const hosts = new Set((events as RawEvent[]).map(({ host }) => host));
      const plain = (events as RawEvent[]).every(({ state }) => state === 'ok' || state === 'critical');
      // One host whose tests say ok or critical: there is nothing to differ in.
      return hosts.size === 1 && plain
        ? undefined
        : 'docs/rules.md, "Differences from Riemann": "`ensureAllTestsPass` judges each host by its own tests."';
    },
  },
};
