import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RawKeys } from '../../../satellite-master/events/raw-keys.ts';

interface Entry {
  readonly host: string | undefined;
  readonly service: string;
  gone: boolean;
}

function find(keys: RawKeys<Entry>, host: string, service: string): Entry | undefined {
  const bytes = Buffer.from(`${host}|${service}`);
  const end = Buffer.byteLength(host);
  return keys.find(bytes, 0, end, end + 1, bytes.length);
}

test('finds what was added and is not gone, by the bytes of its key', () => {
  const name = fc.string({ minLength: 0, maxLength: 3, unit: fc.constantFrom('a', 'b', '|', 'é') });
  fc.assert(
    fc.property(fc.array(fc.tuple(name, name, fc.boolean()), { maxLength: 60 }), (changes) => {
      const keys = new RawKeys<Entry>();
      const live = new Map<string, Entry>();
      for (const [host, service, add] of changes) {
        const key = JSON.stringify([host, service]);
        const old = live.get(key);
        if (add && !old) {
          const entry = { host: host === '' ? undefined : host, service, gone: false };
          live.set(key, entry);
          keys.add(entry);
        } else if (!add && old) {
          old.gone = true;
          live.delete(key);
        }
        for (const [one, other] of changes) {
          const isAscii = !`${one}${other}`.includes('é');
          expect(find(keys, one, other)).toBe(isAscii ? live.get(JSON.stringify([one, other])) : undefined);
        }
      }
    }),
  );
});

test('many, of which most are gone, are found all the same', () => {
  const keys = new RawKeys<Entry>();
  const all = Array.from({ length: 20_000 }, (_, n) => ({ host: `h${n}`, service: 's', gone: false }));
  for (const entry of all) {
    keys.add(entry);
    if (Number(entry.host.slice(1)) % 10 !== 0) entry.gone = true;
  }
  for (const entry of all) expect(find(keys, entry.host, 's')).toBe(entry.gone ? undefined : entry);
});

test('Latin-1 text is not taken for the bytes of other text', () => {
  const keys = new RawKeys<Entry>();
  keys.add({ host: 'h', service: 'Ã©', gone: false });
  expect(find(keys, 'h', 'é')).toBeUndefined();
});
