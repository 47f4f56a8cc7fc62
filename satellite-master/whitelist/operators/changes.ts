/**
 * Every change by hand (docs/rest.md, "Changing it"; docs/judgement.md, rules 15-19, 21).
 * Knows nothing of HTTP; answers only after the store has confirmed.
 */
import type { Clock } from '../../../shared/clock.ts';
import { SatelliteError } from '../../../shared/errors.ts';
import { MAX_DESCRIPTION_BYTES } from '../../../shared/event.ts';
import type { HostName } from '../../../shared/host-name.ts';
import { byCodeUnit, cutToBytes, escapeControls } from '../../../shared/text.ts';
import {
  emptyRecord,
  expiryOf,
  type Flag,
  flagOfState,
  type HostRecord,
  isOn,
  MANUAL_ID,
  type ManualInput,
  type RecordEvent,
  shownRecord,
  standingEvent,
  withFlagByHand,
  withManualEvent,
  withManualReplaced,
  withoutManual,
  withoutManualEvent,
} from '../record/index.ts';
import { type Author, type Edited, type RecordEditor, unavailable } from '../record-editor.ts';
import type { Replica } from '../replica.ts';
import type { HostCheck } from './host-check.ts';
import { type ShownRecord, shownEntry } from './listing.ts';

/** Whose request it is, apart from what it claims. */
export interface Actor {
  /** The token's name; null where none was needed. */
  readonly as: string | null;
  /** Address of the other end. */
  readonly remote: string;
}

/** Who and why, as the request says it. */
export interface ChangeNote {
  readonly by?: string | null;
  readonly description?: string | null;
}

export type ManualChange = ChangeNote & Omit<ManualInput, 'author'>;

export interface Changed {
  readonly record: HostRecord;
  /** The host was not in the inventory before. */
  readonly isNewHost: boolean;
  /** What who asked should know: an unknown host, what stayed as it was, what was replaced. */
  readonly warnings: readonly string[];
}

export interface OperatorsOptions {
  readonly whitelist: RecordEditor;
  readonly replica: Replica;
  readonly hostCheck: HostCheck;
  readonly clock: Clock;
  readonly requireReason: boolean;
  /** What to say of a host that was not in the inventory; undefined: somebody else knows it. */
  readonly unknownHost?: (host: HostName) => Promise<string | undefined>;
}

/** Host checks of one change of many that run at a time. */
const CHECKS_AT_ONCE = 32;

export class Operators {
  readonly #whitelist: RecordEditor;
  readonly #replica: Replica;
  readonly #hostCheck: HostCheck;
  readonly #clock: Clock;
  readonly #requireReason: boolean;
  readonly #unknownHost: NonNullable<OperatorsOptions['unknownHost']>;

  constructor(options: OperatorsOptions) {
    const { whitelist, replica, hostCheck, clock, requireReason } = options;
    this.#whitelist = whitelist;
    this.#replica = replica;
    this.#hostCheck = hostCheck;
    this.#clock = clock;
    this.#requireReason = requireReason;
    this.#unknownHost = options.unknownHost ?? (async () => undefined);
  }

  /** @throws SatelliteError outweighed, host-check-failed, reason-required, and as {@link RecordEditor.edit} */
  async setFlag(host: HostName, change: ManualChange, actor: Actor): Promise<Changed & { readonly flag: Flag }> {
    const author = this.#author(change, actor, `set ${flagOfState(change.state)} by hand`);
    await this.#mustPass([host], change);
    const input: ManualInput = { ...change, author: author.by };
    const edited = await this.#whitelist.edit(host, author, (record) => withFlagByHand(record, input, this.#nowS()));
    const warnings = keptWarnings(host, MANUAL_ID, change, edited.before, this.#nowS());
    return { ...(await this.#changed(host, edited, warnings)), flag: this.#flagOf(edited.record) };
  }

  /** @throws SatelliteError host-check-failed, reason-required, and as {@link RecordEditor.edit} */
  async setEvent(
    host: HostName,
    id: string,
    change: ManualChange,
    actor: Actor,
  ): Promise<Changed & { readonly isNewEvent: boolean }> {
    const author = this.#author(change, actor, `event ${id} ${change.state} by hand`);
    await this.#mustPass([host], change);
    const input: ManualInput = { ...change, author: author.by };
    const edited = await this.#whitelist.edit(host, author, (record) =>
      withManualEvent(record, id, input, this.#nowS()),
    );
    const isNewEvent = !Object.hasOwn(edited.before?.['manual-events'] ?? {}, id);
    const warnings = keptWarnings(host, id, change, edited.before, this.#nowS());
    return { ...(await this.#changed(host, edited, warnings)), isNewEvent };
  }

  /** @throws SatelliteError unknown-host, unknown-event, reason-required, and as {@link RecordEditor.edit} */
  async removeEvent(host: HostName, id: string, note: ChangeNote, actor: Actor): Promise<Changed> {
    const author = this.#author(note, actor, `event ${id} withdrawn by hand`);
    const edited = await this.#whitelist.edit(host, author, (record) =>
      withoutManualEvent(known(record, host), id, this.#nowS()),
    );
    return this.#changed(host, edited, []);
  }

  /** For all of the hosts or none (rule 17). @throws as {@link setEvent}, and too-large */
  async replaceOverrides(
    hosts: readonly HostName[],
    change: ManualChange,
    actor: Actor,
  ): Promise<ReadonlyMap<HostName, Changed>> {
    const author = this.#author(change, actor, `set ${flagOfState(change.state)} by hand`);
    const input: ManualInput = { ...change, author: author.by };
    this.#mustFit(hosts);
    await this.#mustPass(hosts, change);
    const replaced = (before: HostRecord | undefined) => replacedEvents(before, change, this.#nowS());
    return this.#editAll(
      hosts,
      { ...author, detail: (before) => idsText('replaced', replaced(before)) },
      (record) => withManualReplaced(record, input, this.#nowS()),
      (host, before) => [
        ...keptWarnings(host, MANUAL_ID, change, before, this.#nowS()),
        ...eventWarnings(host, 'replaced', replaced(before)),
      ],
    );
  }

  /** For all of the hosts or none; one without an override stays as it is. @throws as {@link removeEvent}, and too-large */
  async withdrawOverrides(
    hosts: readonly HostName[],
    note: ChangeNote,
    actor: Actor,
  ): Promise<ReadonlyMap<HostName, Changed>> {
    const author = this.#author(note, actor, 'override withdrawn by hand');
    this.#mustFit(hosts);
    this.#mustBeWhole();
    const strangers = await this.#whitelist.absent(hosts.filter((host) => !this.#replica.get(host)));
    if (strangers.length > 0)
      throw new SatelliteError('unknown-host', `not in the inventory: ${strangers.slice(0, 10).join(', ')}`, {
        hosts: strangers,
      });
    const eventsOf = (before: HostRecord | undefined) => Object.entries(before?.['manual-events'] ?? {});
    return this.#editAll(
      hosts,
      { ...author, detail: (before) => idsText('withdrawn', eventsOf(before)) },
      (record, host) => withoutManual(known(record, host)),
      (host, before) => eventWarnings(host, 'withdrawn', eventsOf(before)),
    );
  }

  /** @returns the record as it was last, with `broken` where it could not be read. @throws SatelliteError unknown-host */
  async remove(host: HostName, note: ChangeNote, actor: Actor): Promise<ShownRecord> {
    const author = this.#author(note, actor, 'removed from the inventory by hand');
    const entry = this.#replica.get(host);
    const record = await this.#whitelist.remove(host, author);
    const nowS = this.#nowS();
    if (record) return shownRecord(record, nowS);
    return entry ? shownEntry(entry, nowS) : { ...emptyRecord, broken: 'it could not be read' };
  }

  async #editAll(
    hosts: readonly HostName[],
    author: Author,
    edit: (record: HostRecord | undefined, host: HostName) => HostRecord,
    warningsOf: (host: HostName, before: HostRecord | undefined) => readonly string[],
  ): Promise<ReadonlyMap<HostName, Changed>> {
    const edited = await this.#whitelist.editMany(hosts, author, edit);
    const all = new Map<HostName, Changed>();
    for (const [at, host] of hosts.entries()) {
      const one = edited[at];
      if (one) all.set(host, await this.#changed(host, one, warningsOf(host, one.before)));
    }
    return all;
  }

  async #changed(host: HostName, { record, before }: Edited, warnings: readonly string[]): Promise<Changed> {
    const unknown = before === undefined ? await this.#unknownHost(host) : undefined;
    return {
      record,
      isNewHost: before === undefined,
      warnings: unknown === undefined ? warnings : [unknown, ...warnings],
    };
  }

  #author({ by, description }: ChangeNote, { as, remote }: Actor, fallback: string): Author {
    if (this.#requireReason && (!by || !description))
      throw new SatelliteError('reason-required', `the body has to say "by" and "description"`);
    const reason = cutToBytes(description || fallback, MAX_DESCRIPTION_BYTES);
    return { by: by || as || remote, as, cause: 'manual', reason };
  }

  /** Rule 19; `off` and `critical` never have to pass. */
  async #mustPass(hosts: readonly HostName[], { state }: ManualChange): Promise<void> {
    this.#mustBeWhole();
    if (state !== 'ok') return;
    const faults: { host: HostName; reason: string }[] = [];
    for (let at = 0; at < hosts.length && faults.length === 0; at += CHECKS_AT_ONCE) {
      await Promise.all(
        hosts.slice(at, at + CHECKS_AT_ONCE).map(async (host) => {
          const reason = await this.#hostCheck(host);
          if (reason !== undefined) faults.push({ host, reason });
        }),
      );
    }
    if (faults.length === 0) return;
    faults.sort((a, b) => byCodeUnit(a.host, b.host));
    const [first] = faults;
    throw new SatelliteError('host-check-failed', `${first?.host}: ${first?.reason}`, { hosts: faults });
  }

  #mustFit(hosts: readonly HostName[]): void {
    const most = this.#whitelist.mostAtOnce;
    if (hosts.length > most)
      throw new SatelliteError('too-large', `${hosts.length} hosts, ${most} fit one transaction`, { most });
  }

  #mustBeWhole(): void {
    if (this.#replica.state.kind !== 'whole') throw unavailable(this.#replica);
  }

  #flagOf(record: HostRecord): Flag {
    return isOn(record, this.#nowS()) ? 'on' : 'off';
  }

  #nowS(): number {
    return this.#clock.wallMs() / 1000;
  }
}

function known(record: HostRecord | undefined, host: HostName): HostRecord {
  if (!record) throw new SatelliteError('unknown-host', `${host} is not in the inventory`);
  return record;
}

type NamedEvent = readonly [id: string, event: RecordEvent];

/** Manual events that the event `manual` replaces, also one of that id whose author or description changes. */
function replacedEvents(before: HostRecord | undefined, change: ManualChange, nowS: number): readonly NamedEvent[] {
  const old = standingEvent(before, MANUAL_ID, change.state, nowS);
  const { by = old?.['by'], description = old?.description } = change;
  const kept = old && by === old['by'] && description === old.description ? old : undefined;
  return Object.entries(before?.['manual-events'] ?? {}).filter(([, event]) => event !== kept);
}

function idsText(what: string, events: readonly NamedEvent[]): string | undefined {
  return events.length === 0 ? undefined : cutToBytes(`${what}: ${events.map(([id]) => id).join(', ')}`, MAX_IDS_BYTES);
}

const MAX_IDS_BYTES = 2_048;

function eventWarnings(host: HostName, what: string, events: readonly NamedEvent[]): readonly string[] {
  return events.map(([id, { state, by, description }]) => {
    const author = typeof by === 'string' ? ` by ${by}` : '';
    const text = typeof description === 'string' ? ` (${description})` : '';
    return escapeControls(`${what} on ${host}: ${id}, ${state}${author}${text}`);
  });
}

/** That the end of an event stays, where the request says nothing of it. */
function keptWarnings(
  host: HostName,
  id: string,
  { state, ttlS }: ManualChange,
  before: HostRecord | undefined,
  nowS: number,
): readonly string[] {
  const event = ttlS === undefined ? standingEvent(before, id, state, nowS) : undefined;
  const endS = event && expiryOf(event);
  if (endS === undefined) return [];
  const end = new Date(endS * 1000);
  const text = Number.isNaN(end.getTime()) ? String(endS) : end.toISOString();
  return [escapeControls(`${id} on ${host} still ends at ${text}: no ttl was given (null: no end)`)];
}
