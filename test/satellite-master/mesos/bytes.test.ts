import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonListSplitter } from '../../../satellite-master/mesos/feed/json-list-splitter.ts';
import { RecordIoDecoder } from '../../../satellite-master/mesos/feed/record-io.ts';

function decoded(parts: readonly Buffer[]): string[] {
  const records: string[] = [];
  let open: Buffer[] = [];
  const decoder = new RecordIoDecoder({
    begin: () => {
      open = [];
    },
    data: (part) => open.push(Buffer.from(part)),
    end: () => records.push(Buffer.concat(open).toString('utf8')),
  });
  for (const part of parts) decoder.write(part);
  return records;
}

const frame = (text: string) => `${Buffer.byteLength(text)}\n${text}`;

describe('RecordIO', () => {
  test('a captured stream, however it is cut in two', () => {
    const stream = readFileSync('test/fixtures/mesos-1.12/subscribe_stream.txt');
    const whole = decoded([stream]);
    expect(whole.map((text) => (JSON.parse(text) as { type: string }).type)).toEqual([
      ...['SUBSCRIBED', 'HEARTBEAT', 'TASK_ADDED', 'TASK_UPDATED', 'TASK_UPDATED', 'TASK_UPDATED'],
    ]);
    // Every cut of the small records, and of the large one where its frame is.
    const cuts = Array.from({ length: stream.length }, (_, at) => at).filter((at) => at < 20 || at > 37_700);
    for (const at of cuts) expect(decoded([stream.subarray(0, at), stream.subarray(at)])).toEqual(whole);
  });

  test('any records, byte by byte', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (texts) => {
        const bytes = Buffer.from(texts.map(frame).join(''));
        expect(decoded(Array.from(bytes, (byte) => Buffer.of(byte)))).toEqual(texts);
      }),
    );
  });

  test.each(['{"type":"HEARTBEAT"}', '\n', '-1\n', '1e3\n', ' 3\nabc', '9999999999\n', '3\nabc\n'])(
    '%j is refused',
    (text) => {
      expect(() => decoded([Buffer.from(text)])).toThrow('no RecordIO');
    },
  );
});

const WANTED = new Set(['list', 'deep.list', 'above.list']);

function sliced(parts: readonly Buffer[], limits: { maxElementBytes?: number; maxRestBytes?: number } = {}) {
  const found: [string, unknown][] = [];
  const slices = new JsonListSplitter({
    wanted: WANTED,
    unwanted: new Set(['passed']),
    found: (list, element) => found.push([list, JSON.parse(element.toString('utf8'))]),
    ...limits,
  });
  for (const part of parts) slices.write(part);
  return { found, rest: slices.end() };
}

describe('a JSON text in slices', () => {
  const DOCUMENT = {
    '"list': [1],
    list: [{ a: '[{"\\"]}' }, [[], {}], 1.24344978758018e-14, 'ü,]', null, true],
    deep: { other: [{ list: [8] }], list: [{ list: [9] }], 'li\\"st': [3] },
    passed: [{ huge: [1, 2, { 3: ']' }] }],
    above: [{ list: [{ b: 1 }], name: 'x' }, { list: [] }, { list: [{ b: 2 }], deep: { list: [1] } }],
    end: 'list',
  };
  const EXPECTED = {
    found: [
      ...DOCUMENT.list.map((element) => ['list', element]),
      ['deep.list', { list: [9] }],
      ['above.list', { b: 1 }],
      ['above.list', { b: 2 }],
    ],
    rest: {
      ...DOCUMENT,
      list: [],
      deep: { ...DOCUMENT.deep, list: [] },
      passed: [],
      above: [{ list: [], name: 'x' }, { list: [] }, { list: [], deep: { list: [1] } }],
    },
  };

  test.each([undefined, 1])('the elements of the lists, and the rest without them; indented by %s', (indent) => {
    const bytes = Buffer.from(JSON.stringify(DOCUMENT, null, indent));
    expect(sliced([bytes])).toEqual(EXPECTED);
    for (let at = 0; at < bytes.length; at++)
      expect(sliced([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(EXPECTED);
    expect(sliced(Array.from(bytes, (byte) => Buffer.of(byte)))).toEqual(EXPECTED);
  });

  test('any elements, byte by byte', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.jsonValue(), (list, other) => {
        const bytes = Buffer.from(JSON.stringify({ other: { other }, list }));
        const { found, rest } = sliced(Array.from(bytes, (byte) => Buffer.of(byte)));
        expect(found).toEqual(list.map((element) => ['list', JSON.parse(JSON.stringify(element))]));
        expect(rest).toEqual(JSON.parse(JSON.stringify({ other: { other }, list: [] })));
      }),
    );
  });

  test('whatever is cut off is refused', () => {
    const bytes = Buffer.from(JSON.stringify(DOCUMENT));
    for (let at = 0; at < bytes.length; at++) expect(() => sliced([bytes.subarray(0, at)])).toThrow(SyntaxError);
  });

  test.each(['<html>', '{"list":[{]}', '{"list":[1 2]}', '{"list":[}]}', '{"list":[]', ''])('%s is refused', (text) => {
    expect(() => sliced([Buffer.from(text)])).toThrow(SyntaxError);
  });

  test('what never ends is given up', () => {
    const endless = Buffer.alloc(2_000, 0x78);
    const limits = { maxElementBytes: 1_000, maxRestBytes: 1_000 };
    expect(() => sliced([Buffer.from('{"list":["'), endless], limits)).toThrow('an element of list is too long');
    expect(() => sliced([Buffer.from('{"name":"'), endless], limits)).toThrow('too long beside its lists');
    expect(() => sliced([Buffer.alloc(2_000, '[')])).toThrow('nested too deep');
  });
});
