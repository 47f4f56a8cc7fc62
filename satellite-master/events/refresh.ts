/** A known entry heard again, straight from the bytes of the wire: text is made only where it has changed. */
import {
  DEFAULT_TTL_SECONDS,
  MAX_DESCRIPTION_BYTES,
  MAX_STATE_CHARACTERS,
  MAX_TTL_SECONDS,
} from '../../shared/event.ts';
import { isSameText } from './raw-keys.ts';
import type { Slot } from './slot.ts';

/** What was found in the bytes of one event; from -1: absent, NaN: absent. */
export interface Found {
  readonly bytes: Uint8Array;
  readonly stateFrom: number;
  readonly stateTo: number;
  readonly descriptionFrom: number;
  readonly descriptionTo: number;
  readonly ttl: number;
  readonly metric: number;
}

/** Whether it is within the bounds of an event, and no end of one. */
export function isPlain({ bytes, stateFrom, stateTo, descriptionFrom, descriptionTo, ttl }: Found): boolean {
  return (
    !(ttl <= 0 || ttl > MAX_TTL_SECONDS) &&
    stateTo - stateFrom <= MAX_STATE_CHARACTERS &&
    descriptionTo - descriptionFrom <= MAX_DESCRIPTION_BYTES &&
    !isSameText('expired', bytes, stateFrom, stateTo)
  );
}

/** Puts what was found into the entry; its `time` and expiry are the caller's. */
export function refresh(slot: Slot, found: Found): void {
  const { bytes, stateFrom, stateTo, descriptionFrom, descriptionTo, ttl } = found;
  slot.metric = found.metric;
  slot.ttl = Number.isNaN(ttl) ? DEFAULT_TTL_SECONDS : ttl;
  slot.tags = undefined;
  slot.attributes = undefined;
  if (stateFrom < 0) slot.state = undefined;
  else if (slot.state === undefined || !isSameText(slot.state, bytes, stateFrom, stateTo))
    slot.state = textOf(bytes, stateFrom, stateTo);
  if (descriptionFrom < 0) slot.description = undefined;
  else if (slot.description === undefined || !isSameText(slot.description, bytes, descriptionFrom, descriptionTo))
    slot.description = textOf(bytes, descriptionFrom, descriptionTo);
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8', from, to);
}
