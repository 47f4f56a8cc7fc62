/** What a query says, as a function of an event. Regular expressions run on an engine whose time is linear in the text. */
import { RE2JS } from 're2js';
import { messageOf } from '../../../shared/errors.ts';
import type { RiemannEvent } from '../../../shared/riemann/index.ts';
import { type Comparison, type Query, QueryError, type Term } from './ast.ts';
import { parseQuery } from './parse.ts';

export type Predicate = (event: RiemannEvent) => boolean;

export interface CompileOptions {
  /**
   * Whether a number in a field was a floating-point number, where the caller knows: then `metric = 1` is not
   * `metric = 1.0`, as in Riemann. Without it numbers are compared by their value.
   */
  readonly isDouble?: (event: RiemannEvent, field: string) => boolean;
}

/** @throws QueryError */
export function compileQuery(query: string | Query, options: CompileOptions = {}): Predicate {
  return predicateOf(typeof query === 'string' ? parseQuery(query) : query, options);
}

function predicateOf(query: Query, options: CompileOptions): Predicate {
  switch (query.kind) {
    case 'and':
    case 'or': {
      const parts = query.parts.map((part) => predicateOf(part, options));
      if (query.kind === 'and') return (event) => parts.every((part) => part(event));
      return (event) => parts.some((part) => part(event));
    }
    case 'not': {
      const part = predicateOf(query.part, options);
      return (event) => !part(event);
    }
    case 'tagged': {
      const { tag } = query;
      return ({ tags }) => tags?.includes(tag) ?? false;
    }
    case 'compare':
      return comparisonOf(query.operator, query.left, query.right, options);
    case 'like':
      return textTest(query.term, likeTest(query.pattern));
    case 'regex':
      return textTest(query.term, regexTest(query.pattern, query.column));
    case 'truth': {
      const value = termReader(query.term);
      return (event) => {
        const found = value(event);
        return found !== null && found !== undefined && found !== false;
      };
    }
  }
}

function comparisonOf(operator: Comparison, left: Term, right: Term, options: CompileOptions): Predicate {
  if (operator === '=') return equalityOf(left, right, options);
  if (operator === '!=') {
    const equal = equalityOf(left, right, options);
    return (event) => !equal(event);
  }
  const a = termReader(left);
  const b = termReader(right);
  const holds = ORDERS[operator];
  return (event) => {
    const one = a(event);
    const other = b(event);
    return typeof one === 'number' && typeof other === 'number' && holds(one, other);
  };
}

const ORDERS: Readonly<Record<Exclude<Comparison, '=' | '!='>, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
};

function equalityOf(left: Term, right: Term, { isDouble }: CompileOptions): Predicate {
  const a = termReader(left);
  const b = termReader(right);
  const equal: Predicate = (event) => (a(event) ?? null) === (b(event) ?? null);
  if (!isDouble) return equal;
  const isOne = (term: Term, event: RiemannEvent) =>
    term.kind === 'number' ? term.isDouble : term.kind === 'field' && isDouble(event, term.name);
  return (event) => equal(event) && (typeof a(event) !== 'number' || isOne(left, event) === isOne(right, event));
}

type Value = string | number | boolean | null | undefined | readonly string[];

function termReader(term: Term): (event: RiemannEvent) => Value {
  switch (term.kind) {
    case 'text':
      return () => term.text;
    case 'number':
      return () => term.number;
    case 'constant':
      return () => term.constant;
    case 'field':
      return fieldOf(term.name);
  }
}

/** Fields of an event first, then its attributes. */
function fieldOf(name: string): (event: RiemannEvent) => Value {
  switch (name) {
    case 'host':
      return ({ host }) => host;
    case 'service':
      return ({ service }) => service;
    case 'state':
      return ({ state }) => state;
    case 'description':
      return ({ description }) => description;
    case 'metric':
      return ({ metric }) => metric;
    case 'time':
      return ({ time }) => time;
    case 'ttl':
      return ({ ttl }) => ttl;
    case 'tags':
      return ({ tags }) => tags;
    default:
      return ({ attributes }) => (attributes && Object.hasOwn(attributes, name) ? attributes[name] : undefined);
  }
}

function textTest(term: Term, test: (text: string) => boolean): Predicate {
  const value = termReader(term);
  return (event) => {
    const found = value(event);
    return typeof found === 'string' && test(found);
  };
}

function regexTest(pattern: string, column: number): (text: string) => boolean {
  try {
    const regex = RE2JS.compile(pattern);
    return (text) => regex.matcher(text).find();
  } catch (error) {
    throw new QueryError(column, `expected a regular expression as RE2 knows them: ${messageOf(error)}`);
  }
}

/** As Riemann: `%` is `.*`, so it stands for text without a line break. */
function likeTest(pattern: string): (text: string) => boolean {
  const [first = '', ...rest] = pattern.split('%');
  const last = rest.pop();
  if (last === undefined) return (text) => text === first;
  const regex = RE2JS.compile(`^${[first, ...rest, last].map((part) => RE2JS.quote(part)).join('.*')}$`);
  return (text) => (text.includes('\n') ? regex.matcher(text).find() : isLike(text, first, rest, last));
}

/** The parts in their order, none over another; the leftmost place is always good enough. */
function isLike(text: string, first: string, middle: readonly string[], last: string): boolean {
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of middle) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
