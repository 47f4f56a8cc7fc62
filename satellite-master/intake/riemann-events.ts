/** Reads events of Riemann's wire: checks host and service, and handles attributes that are named like fields. */
import { isOwnKey, MAX_SERVICE_CHARACTERS } from '../../shared/event.ts';
import { parseHostName } from '../../shared/host-name.ts';
import type { RiemannEvent } from '../../shared/riemann/index.ts';
import { hasControlCharacters } from '../../shared/text.ts';
import { type FitEvent, fitEvent } from './fit-event.ts';

/** Which name is not valid, so that the event has no key. */
export type Unfit = 'host' | 'service';

/** @returns the event, or which of its names is not valid. A metric that is not finite is dropped. */
export function readRiemannEvent(raw: RiemannEvent, nowS: number): FitEvent | Unfit {
  const host = raw.host === undefined ? undefined : parseHostName(raw.host);
  if (raw.host !== undefined && host === undefined) return 'host';
  const { service } = raw;
  if (service === undefined || !isFitService(service)) return 'service';
  if (!raw.attributes) return fitEvent({ ...raw, host, service, attributes: [] }, nowS);
  return fromAttributes(raw, fitEvent({ ...raw, ...textFields(raw), host, service, attributes: rest(raw) }, nowS));
}

function isFitService(service: string): boolean {
  return service !== '' && service.length <= MAX_SERVICE_CHARACTERS && !hasControlCharacters(service);
}

/**
 * In Riemann an attribute replaces the field of the same name. Here it does so for text fields only; numbers, lists, host
 * and service stay as they are.
 */
function textFields({
  state,
  description,
  attributes = {},
}: RiemannEvent): Pick<RiemannEvent, 'state' | 'description'> {
  const own = (name: string) => (Object.hasOwn(attributes, name) ? attributes[name] : undefined);
  const [newState, newDescription] = [own('state') ?? state, own('description') ?? description];
  return {
    ...(newState === undefined ? {} : { state: newState }),
    ...(newDescription === undefined ? {} : { description: newDescription }),
  };
}

function rest({ attributes = {} }: RiemannEvent): readonly (readonly [string, string])[] {
  return Object.entries(attributes).filter(([key]) => !isOwnKey(key));
}

const TEXT_FIELDS: ReadonlySet<string> = new Set(['state', 'description']);

/** Counts the attributes that were left out for their names. */
function fromAttributes({ attributes = {} }: RiemannEvent, fit: FitEvent): FitEvent {
  const isDropped = Object.keys(attributes).some((key) => isOwnKey(key) && !TEXT_FIELDS.has(key));
  return isDropped && !fit.cut.includes('attributes') ? { ...fit, cut: [...fit.cut, 'attributes'] } : fit;
}
