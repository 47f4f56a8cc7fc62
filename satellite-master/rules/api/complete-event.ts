/** What leaves the streams for the index, the records or the verdicts has to be a whole event again. */
import { DEFAULT_TTL_SECONDS, type Event, MAX_SERVICE_CHARACTERS } from '../../../shared/event.ts';
import { HOST_NAME_FORM, parseHostName } from '../../../shared/host-name.ts';
import { cutToLength, hasControlCharacters } from '../../../shared/text.ts';
import type { StreamEvent } from '../../streams/index.ts';

/**
 * @param nowS unix seconds, where it has no time of its own
 * @throws TypeError that says what it lacks
 */
export function wholeEvent(item: StreamEvent, nowS: number): Event {
  const { host: name, service, time = nowS, ttl = DEFAULT_TTL_SECONDS, ...rest } = item;
  if (
    typeof service !== 'string' ||
    service === '' ||
    service.length > MAX_SERVICE_CHARACTERS ||
    hasControlCharacters(service)
  )
    throw new TypeError(`service: found ${shown(service)}, expected 1 to ${MAX_SERVICE_CHARACTERS} characters`);
  if (!Number.isFinite(time)) throw new TypeError(`time: found ${shown(time)}, expected unix seconds`);
  if (!Number.isFinite(ttl) || ttl <= 0) throw new TypeError(`ttl: found ${shown(ttl)}, expected seconds above 0`);
  if (rest.metric !== undefined && !Number.isFinite(rest.metric))
    throw new TypeError(`metric: found ${shown(rest.metric)}, expected a finite number`);
  if (name === undefined) return { ...rest, service, time, ttl };
  const host = parseHostName(name);
  if (!host) throw new TypeError(`host: found ${shown(name)}, expected ${HOST_NAME_FORM}`);
  return { ...rest, host, service, time, ttl };
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${cutToLength(text, 77)}...` : text;
}
