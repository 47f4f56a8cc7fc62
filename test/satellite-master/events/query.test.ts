import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { QueryError } from '../../../satellite-master/events/query/ast.ts';
import { compileQuery } from '../../../satellite-master/events/query/compile.ts';
import { keysOf } from '../../../satellite-master/events/query/keys.ts';
import { parseQuery } from '../../../satellite-master/events/query/parse.ts';
import type { RiemannEvent } from '../../../shared/riemann/message.ts';

interface Vectors {
  readonly events: readonly Record<string, unknown>[];
  readonly cases: readonly {
    readonly query: string;
    readonly matched?: readonly number[];
    readonly parse_error?: string;
  }[];
}

const source = readFileSync('test/fixtures/riemann-vectors/query.json', 'utf8');
const vectors = JSON.parse(source) as Vectors;
/** JSON knows one kind of number: which of the events' metrics are doubles is read from the text. */
const doubles = [...source.slice(0, source.indexOf('"cases"')).matchAll(/"metric": ([^,\n]+)/g)].map(([, n = '']) =>
  /[.eE]/.test(n),
);

const withMetric = vectors.events.filter((event) => 'metric' in event);
const isDouble = new Map<RiemannEvent, boolean>();
const events = vectors.events.map((raw): RiemannEvent => {
  const { custom, ...own } = raw;
  const event = (custom === undefined ? own : { ...own, attributes: { custom } }) as RiemannEvent;
  const place = withMetric.indexOf(raw);
  if (place >= 0) isDouble.set(event, doubles[place] ?? false);
  return event;
});

describe('queries beside a real Riemann', () => {
  test.each(vectors.cases)('$query', ({ query, matched, parse_error }) => {
    if (parse_error !== undefined) return void expect(() => parseQuery(query)).toThrow(QueryError);
    const matches = compileQuery(query, {
      isDouble: (event, field) => field === 'metric' && isDouble.get(event) === true,
    });
    expect(events.flatMap((event, n) => (matches(event) ? [n] : []))).toEqual(matched);
  });
});

describe('a query', () => {
  test.each<[string, RiemannEvent, RiemannEvent]>([
    ['host =~ "%s."', { host: 'foos.' }, { host: 's.murf' }],
    ['host =~ "a%b%b"', { host: 'axbb' }, { host: 'ab' }],
    ['service =~ "a%"', { service: 'abc' }, { service: 'a\nb' }],
    ['host ~= "foo?[1-9]+"', { host: 'fo42' }, { host: 'fooo42' }],
    ['host ~= "\\\\d"', { host: 'a1' }, { host: 'ab' }],
    ['metric >= -1', { metric: -1 }, { metric: -2 }],
    ['metric < 1.2e2', { metric: 15 }, {}],
    ['metric > 1.', { metric: 2 }, { metric: 1 }],
    ['state = ""', { state: '' }, {}],
    ['time = null and description != nil', { description: 'hey' }, { time: 2, description: 'x' }],
    ['not not state = "ok"', { state: 'ok' }, {}],
    ['not host = "1" and state = "2"', { host: '2', state: '2' }, { host: '1', state: '2' }],
    ['paws = "4"', { attributes: { paws: '4' } }, { attributes: { claws: '4' } }],
    ['toString = nil', { attributes: {} }, { attributes: { toString: 'x' } }],
    ['off-since != nil', { attributes: { 'off-since': '1' } }, {}],
    ['state="ok"', { state: 'ok' }, { state: 'no' }],
    ['state = "\\u0041\\t"', { state: 'A\t' }, { state: 'A' }],
    ['metric = 1.0', { metric: 1 }, { metric: 2 }],
    ['0', {}, { metric: 1 }],
  ])('%s', (query, good, bad) => {
    expect(compileQuery(query)(good)).toBe(true);
    if (query !== '0') expect(compileQuery(query)(bad)).toBe(false);
  });

  test.each([
    ['', 1, 'expected not, (, tagged, a field or a value, found the end'],
    ['state = ', 9, 'expected a field or a value, found the end'],
    ['state = "ok" and', 17, 'expected not, (, tagged, a field or a value, found the end'],
    ['(state = "ok"', 14, 'expected and, or, or ), found the end'],
    ['state = "ok")', 13, 'expected and, or, or the end, found ")"'],
    ['state = "ok" host = "a"', 14, 'expected and, or, or the end, found "host"'],
    ['tagged x', 8, 'expected the tag, a string, found "x"'],
    ['metric > "1"', 10, 'expected a number, found "1"'],
    ['host =~ a', 9, 'expected a string, in which % stands for any text, found "a"'],
    ['host = "a', 8, 'expected a closing " of the string that begins here, found the end'],
    ['host ~= "("', 9, 'expected a regular expression as RE2 knows them: error parsing regexp: missing closing ): `(`'],
    [
      'host ~= "(?=a)"',
      9,
      'expected a regular expression as RE2 knows them: error parsing regexp: invalid or unsupported Perl syntax: `(?=`',
    ],
    [
      'host ~= "\\d"',
      10,
      'expected one of \\" \\\\ \\b \\t \\n \\f \\r \\uXXXX, found \\d (in a pattern write \\\\ for \\)',
    ],
    ['host & 1', 6, 'expected a word, a number, a string or an operator, found "&"'],
    ['host = and', 8, 'expected a field or a value, found "and"'],
  ])('%s: wrong at column %i', (query, column, detail) => {
    expect(() => compileQuery(query)).toThrow(new QueryError(column, detail));
  });

  test('is bounded in length and in depth, and a long chain is not deep', () => {
    expect(() => parseQuery(`state = "${'é'.repeat(2048)}"`)).toThrow(
      'column 4097: expected at most 4096 bytes, found 4106',
    );
    expect(() => parseQuery(`${'('.repeat(65)}true${')'.repeat(65)}`)).toThrow('column 66: expected at most 64 levels');
    expect(() => parseQuery(`${'not '.repeat(64)}true`)).not.toThrow();
    expect(compileQuery(Array.from({ length: 450 }, () => 'ttl').join(' and '))({ ttl: 1 })).toBe(true);
  });

  test('a regular expression that would take for ever elsewhere takes a moment', () => {
    const matches = compileQuery('description ~= "^(a+)+$"');
    expect(matches({ description: `${'a'.repeat(4000)}b` })).toBe(false);
  });

  test.each<[string, string[] | undefined, string[] | undefined]>([
    ['host = "a"', ['a'], undefined],
    ['"a" = host and metric > 1', ['a'], undefined],
    ['host = "a" and service = "s"', ['a'], ['s']],
    ['host = "a" or host = "b"', ['a', 'b'], undefined],
    ['host = "a" or metric > 1', undefined, undefined],
    ['not host = "a"', undefined, undefined],
    ['host = nil', [''], undefined],
    ['host = "a" and host = "b"', [], undefined],
    ['(host = "a" and service = "s") or (host = "b" and service = "t")', ['a', 'b'], ['s', 't']],
    ['host != "a"', undefined, undefined],
    ['false', [], undefined],
  ])('%s is looked for where it can be', (query, hosts, services) => {
    const keys = keysOf(parseQuery(query));
    expect(keys.hosts && [...keys.hosts]).toEqual(hosts);
    expect(keys.services && [...keys.services]).toEqual(services);
  });
});
