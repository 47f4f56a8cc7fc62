/** Clojure's functions on JavaScript's values: nil is undefined, a map with keywords a plain object, a seq an array. */
import { Double, Keyword, UnknownForm } from './edn.ts';

export type Value = unknown;
type Fn = (...args: Value[]) => Value;

/** What the original threw, by the name of its Java class. */
export class JavaException extends Error {
  constructor(name: string) {
    super(name);
    this.name = name;
  }
}

/**
 * Comparisons of an absent number: false here, a NullPointerException in the original (docs/rules.md, "Differences from Riemann"). They are counted,
 * so that a case can say whether this is where it differs.
 */
export const absentComparisons = { count: 0 };

export function truthy(value: Value): boolean {
  return value !== undefined && value !== null && value !== false;
}

/** Functions, keywords, maps, sets and vectors can be called. */
export function callable(value: Value): Fn {
  if (typeof value === 'function') return value as Fn;
  if (value instanceof Keyword) return (map, otherwise) => get(map, value, otherwise);
  if (value instanceof Set) return (key) => (value.has(plain(key)) ? key : undefined);
  if (value instanceof Map) return (key, otherwise) => get(value, key, otherwise);
  if (Array.isArray(value))
    return (at) => {
      if (typeof at !== 'number') throw new JavaException('IllegalArgumentException');
      if (!(at in value)) throw new JavaException('IndexOutOfBoundsException');
      return value[at];
    };
  if (isMap(value)) return (key, otherwise) => get(value, key, otherwise);
  if (value === undefined || value === null) throw new JavaException('NullPointerException');
  throw new JavaException('ClassCastException');
}

/** Whole numbers of events that were written with a point, by event and field. */
export const doubleFields = new WeakMap<object, Set<string>>();

function get(map: Value, key: Value, otherwise?: Value): Value {
  if (map === undefined || map === null) return otherwise;
  if (map instanceof Map) return map.has(plain(key)) ? map.get(plain(key)) : otherwise;
  if (map instanceof Set) return map.has(plain(key)) ? key : otherwise;
  if (Array.isArray(map)) return typeof key === 'number' ? (map[key] ?? otherwise) : otherwise;
  if (typeof map !== 'object') return otherwise;
  const name = nameOf(key);
  const value = Object.hasOwn(map, name) ? (map as Record<string, Value>)[name] : undefined;
  if (typeof value === 'number' && doubleFields.get(map)?.has(name)) return new Double(value);
  return value ?? otherwise;
}

function isMap(value: Value): value is Record<string, Value> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Double);
}

function nameOf(key: Value): string {
  if (key instanceof Keyword) return key.name;
  if (typeof key === 'string') return key;
  throw new UnknownForm(`a key that is no keyword: ${String(key)}`);
}

export function plain(value: Value): Value {
  return value instanceof Double ? value.value : value;
}

function isDouble(value: Value): boolean {
  return value instanceof Double || (typeof value === 'number' && !Number.isInteger(value));
}

function number(value: Value): number {
  if (value === undefined || value === null) throw new JavaException('NullPointerException');
  const n = plain(value);
  if (typeof n !== 'number') throw new JavaException('ClassCastException');
  return n;
}

function integer(value: Value): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw new JavaException('IllegalArgumentException');
  return value;
}

function text(value: Value): string {
  if (value === undefined || value === null) throw new JavaException('NullPointerException');
  if (typeof value !== 'string') throw new JavaException('ClassCastException');
  return value;
}

/** Doubles stay doubles: 1.0 + 1 is 2.0. */
function arithmetic(apply: (a: number, b: number) => number, start: number): Fn {
  return (...args) => {
    const [first, ...rest] = args.length === 1 ? [start, ...args] : args.length === 0 ? [start] : args;
    const result = rest.reduce<number>((sum, one) => apply(sum, number(one)), number(first));
    return args.some(isDouble) && Number.isInteger(result) ? new Double(result) : result;
  };
}

function divide(a: Value, b: Value): Value {
  const [over, under] = [number(a), number(b)];
  if (under === 0 && !isDouble(a) && !isDouble(b)) throw new JavaException('ArithmeticException');
  return over / under;
}

function comparison(holds: (a: number, b: number) => boolean): Fn {
  return (...args) => {
    if (args.length > 1 && args.some((one) => one === undefined || one === null)) {
      absentComparisons.count++;
      return false;
    }
    return args.every((one, at) => at === 0 || holds(number(args[at - 1]), number(one)));
  };
}

/** Clojure's `=`: an integer is never equal to a double. */
export function equal(a: Value, b: Value): boolean {
  if (a === undefined || a === null) return b === undefined || b === null;
  const [x, y] = [plain(a), plain(b)];
  if (typeof x === 'number' && typeof y === 'number') return x === y && isDouble(a) === isDouble(b);
  if (a instanceof Keyword || b instanceof Keyword)
    return a instanceof Keyword && b instanceof Keyword && a.name === b.name;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, at) => equal(one, b[at]));
  if (a instanceof Set && b instanceof Set) return a.size === b.size && [...a].every((one) => b.has(one));
  if (isMap(a) && isMap(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...keys].every((key) => equal(a[key], b[key]));
  }
  return x === y;
}

/** The order of `sort`: nil first. */
function order(a: Value, b: Value): number {
  const [x, y] = [plain(a), plain(b)];
  if (x === undefined || x === null) return y === undefined || y === null ? 0 : -1;
  if (y === undefined || y === null) return 1;
  if (Array.isArray(x) && Array.isArray(y))
    return x.length - y.length || (x.map((one, at) => order(one, y[at])).find((one) => one !== 0) ?? 0);
  const [left, right] = x instanceof Keyword && y instanceof Keyword ? [x.name, y.name] : [x, y];
  return (left as number) < (right as number) ? -1 : (left as number) > (right as number) ? 1 : 0;
}

export function seq(value: Value): Value[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return [...value];
  if (Array.isArray(value)) return value;
  if (value instanceof Set || value instanceof Map) return [...value];
  if (isMap(value)) return Object.entries(value).map(([key, one]) => [new Keyword(key), one]);
  throw new JavaException('IllegalArgumentException');
}

function assoc(map: Value, ...pairs: Value[]): Value {
  if (Array.isArray(map)) {
    const next = [...map];
    next[pairs[0] as number] = pairs[1];
    return next;
  }
  const next: Record<string, Value> = { ...(map as object | undefined) };
  for (let at = 0; at < pairs.length; at += 2) {
    const value = pairs[at + 1];
    if (value === undefined || value === null) delete next[nameOf(pairs[at])];
    else next[nameOf(pairs[at])] = plain(value);
  }
  return next;
}

function str(value: Value): string {
  if (value === undefined || value === null) return '';
  if (value instanceof Keyword) return `:${value.name}`;
  if (value instanceof Double) return `${value.value}.0`;
  return String(value);
}

const count = (value: Value) => seq(value).length;
const not: Fn = (value) => !truthy(value);
const identity: Fn = (value) => value;
const compose = (fns: Value[]): Fn =>
  fns
    .map(callable)
    .reduceRight<Fn>((inner, outer) => (inner === identity ? outer : (...args) => outer(inner(...args))), identity);
const partial: Fn =
  (fn, ...first) =>
  (...rest: Value[]) =>
    callable(fn)(...first, ...rest);
const reduce: Fn = (fn, ...args) => {
  const items = seq(args.at(-1));
  const apply = callable(fn);
  if (args.length === 2) return items.reduce((sum, one) => apply(sum, one), args[0]);
  return items.length === 0 ? apply() : items.reduce((sum, one) => apply(sum, one));
};
const map: Fn = (fn, ...lists) => {
  const items = lists.map(seq);
  const length = Math.min(...items.map((list) => list.length));
  return Array.from({ length }, (_, at) => callable(fn)(...items.map((list) => list[at])));
};
const filter = (fn: Value, list: Value) => seq(list).filter((one) => truthy(callable(fn)(one)));
const sort = (items: Value[], by: Fn = identity) => [...items].sort((a, b) => order(by(a), by(b)));
const isNumber = (value: Value) => typeof plain(value) === 'number';
const sign = (holds: (n: number) => boolean): Fn => comparison((_, n) => holds(n)).bind(undefined, 0) as Fn;
const pick: Fn = (from, keys) => {
  const names = seq(keys).map(nameOf);
  return Object.fromEntries(
    seq(from).flatMap((pair) => {
      const [key, value] = pair as [Keyword, Value];
      return names.includes(key.name) ? [[key.name, value]] : [];
    }),
  );
};

export const CORE: Readonly<Record<string, Value>> = {
  '+': arithmetic((a, b) => a + b, 0),
  '-': arithmetic((a, b) => a - b, 0),
  '*': arithmetic((a, b) => a * b, 1),
  '/': ((...args) => (args.length === 1 ? divide(1, args[0]) : args.reduce(divide))) satisfies Fn,
  quot: ((a, b) => Math.trunc(divide(a, b) as number)) satisfies Fn,
  rem: ((a, b) => number(a) % number(b)) satisfies Fn,
  mod: ((a, b) => ((number(a) % number(b)) + number(b)) % number(b)) satisfies Fn,
  inc: ((a) => number(a) + 1) satisfies Fn,
  dec: ((a) => number(a) - 1) satisfies Fn,
  max: ((...args) => args.reduce((a, b) => (number(b) >= number(a) ? b : a))) satisfies Fn,
  min: ((...args) => args.reduce((a, b) => (number(b) <= number(a) ? b : a))) satisfies Fn,
  abs: ((a) => Math.abs(number(a))) satisfies Fn,
  long: ((a) => Math.trunc(number(a))) satisfies Fn,
  int: ((a) => Math.trunc(number(a))) satisfies Fn,
  double: ((a) => (Number.isInteger(number(a)) ? new Double(number(a)) : a)) satisfies Fn,
  float: ((a) => (Number.isInteger(number(a)) ? new Double(number(a)) : a)) satisfies Fn,
  '<': comparison((a, b) => a < b),
  '>': comparison((a, b) => a > b),
  '<=': comparison((a, b) => a <= b),
  '>=': comparison((a, b) => a >= b),
  '==': comparison((a, b) => a === b),
  '=': ((...args) => args.every((one, at) => at === 0 || equal(args[at - 1], one))) satisfies Fn,
  'not=': ((...args) => !args.every((one, at) => at === 0 || equal(args[at - 1], one))) satisfies Fn,
  'zero?': sign((n) => n === 0),
  'pos?': sign((n) => n > 0),
  'neg?': sign((n) => n < 0),
  'odd?': ((n) => Math.abs(integer(n) % 2) === 1) satisfies Fn,
  'even?': ((n) => integer(n) % 2 === 0) satisfies Fn,
  not,
  'nil?': ((value) => value === undefined || value === null) satisfies Fn,
  'some?': ((value) => value !== undefined && value !== null) satisfies Fn,
  'true?': ((value) => value === true) satisfies Fn,
  'false?': ((value) => value === false) satisfies Fn,
  'number?': isNumber,
  'integer?': ((value) => isNumber(value) && !isDouble(value)) satisfies Fn,
  'float?': isDouble,
  'string?': ((value) => typeof value === 'string') satisfies Fn,
  'keyword?': ((value) => value instanceof Keyword) satisfies Fn,
  'map?': isMap,
  'vector?': ((value) => Array.isArray(value)) satisfies Fn,
  'sequential?': ((value) => Array.isArray(value)) satisfies Fn,
  'coll?': ((value) => typeof value === 'object' && value !== null && !(value instanceof Keyword)) satisfies Fn,
  identity,
  constantly: ((value) => () => value) satisfies Fn,
  comp: ((...fns) => compose(fns)) satisfies Fn,
  partial,
  complement: ((fn) =>
    (...args: Value[]) =>
      !truthy(callable(fn)(...args))) satisfies Fn,
  juxt: ((...fns) =>
    (...args: Value[]) =>
      fns.map((fn) => callable(fn)(...args))) satisfies Fn,
  apply: ((fn, ...args) => callable(fn)(...args.slice(0, -1), ...seq(args.at(-1)))) satisfies Fn,
  first: ((list) => seq(list)[0]) satisfies Fn,
  second: ((list) => seq(list)[1]) satisfies Fn,
  last: ((list) => seq(list).at(-1)) satisfies Fn,
  rest: ((list) => seq(list).slice(1)) satisfies Fn,
  next: ((list) => (count(list) > 1 ? seq(list).slice(1) : undefined)) satisfies Fn,
  butlast: ((list) => (count(list) > 1 ? seq(list).slice(0, -1) : undefined)) satisfies Fn,
  nth: ((list, at, otherwise) => seq(list)[number(at)] ?? otherwise) satisfies Fn,
  take: ((n, list) => seq(list).slice(0, number(n))) satisfies Fn,
  drop: ((n, list) => seq(list).slice(number(n))) satisfies Fn,
  range: ((a, b) =>
    Array.from(
      { length: number(b ?? a) - (b === undefined ? 0 : number(a)) },
      (_, n) => n + (b === undefined ? 0 : number(a)),
    )) satisfies Fn,
  repeat: ((n, value) => Array.from({ length: number(n) }, () => value)) satisfies Fn,
  count,
  'empty?': ((list) => count(list) === 0) satisfies Fn,
  'not-empty': ((list) => (count(list) === 0 ? undefined : list)) satisfies Fn,
  seq: ((list) => (count(list) === 0 ? undefined : seq(list))) satisfies Fn,
  vec: seq,
  vector: ((...items) => items) satisfies Fn,
  list: ((...items) => items) satisfies Fn,
  doall: identity,
  set: ((list) => new Set(seq(list).map(plain))) satisfies Fn,
  'hash-set': ((...items) => new Set(items.map(plain))) satisfies Fn,
  'hash-map': ((...pairs) => assoc({}, ...pairs)) satisfies Fn,
  get,
  'get-in': ((from, path) => seq(path).reduce((value, key) => get(value, key), from)) satisfies Fn,
  assoc,
  dissoc: ((from, ...keys) =>
    Object.fromEntries(Object.entries(from as object).filter(([key]) => !keys.map(nameOf).includes(key)))) satisfies Fn,
  update: ((from, key, fn, ...args) => assoc(from, key, callable(fn)(get(from, key), ...args))) satisfies Fn,
  'update-in': ((from, path, fn, ...args) => {
    const [key, ...deeper] = seq(path);
    const value = get(from, key);
    const next =
      deeper.length === 0 ? callable(fn)(value, ...args) : callable(CORE['update-in'])(value, deeper, fn, ...args);
    return assoc(from, key, next);
  }) satisfies Fn,
  'assoc-in': ((from, path, value) => callable(CORE['update-in'])(from, path, () => value)) satisfies Fn,
  'select-keys': pick,
  merge: ((...maps) => maps.reduce((into, one) => assoc(into, ...seq(one).flat()), {})) satisfies Fn,
  keys: ((from) => seq(from).map((pair) => (pair as Value[])[0])) satisfies Fn,
  vals: ((from) => seq(from).map((pair) => (pair as Value[])[1])) satisfies Fn,
  'contains?': ((from, key) =>
    from instanceof Set ? from.has(plain(key)) : get(from, key) !== undefined) satisfies Fn,
  conj: ((into, ...items) =>
    into instanceof Set ? new Set([...into, ...items.map(plain)]) : [...seq(into), ...items]) satisfies Fn,
  cons: ((one, list) => [one, ...seq(list)]) satisfies Fn,
  concat: ((...lists) => lists.flatMap(seq)) satisfies Fn,
  into: ((to, from) =>
    to instanceof Set
      ? new Set([...to, ...seq(from)])
      : Array.isArray(to)
        ? [...to, ...seq(from)]
        : assoc(to, ...seq(from).flat())) satisfies Fn,
  map,
  mapv: map,
  mapcat: ((fn, list) => seq(map(fn, list)).flatMap(seq)) satisfies Fn,
  filter,
  filterv: filter,
  remove: ((fn, list) => seq(list).filter((one) => !truthy(callable(fn)(one)))) satisfies Fn,
  keep: ((fn, list) => seq(map(fn, list)).filter((one) => one !== undefined && one !== null)) satisfies Fn,
  reduce,
  some: ((fn, list) =>
    seq(list)
      .map((one) => callable(fn)(one))
      .find(truthy)) satisfies Fn,
  'every?': ((fn, list) => seq(list).every((one) => truthy(callable(fn)(one)))) satisfies Fn,
  'not-any?': ((fn, list) => !seq(list).some((one) => truthy(callable(fn)(one)))) satisfies Fn,
  'not-every?': ((fn, list) => !seq(list).every((one) => truthy(callable(fn)(one)))) satisfies Fn,
  sort: ((list) => sort(seq(list))) satisfies Fn,
  'sort-by': ((fn, list) => sort(seq(list), callable(fn))) satisfies Fn,
  reverse: ((list) => seq(list).toReversed()) satisfies Fn,
  distinct: ((list) => [...new Set(seq(list))]) satisfies Fn,
  flatten: ((list) => seq(list).flat(Number.POSITIVE_INFINITY)) satisfies Fn,
  'max-key': ((fn, ...items) =>
    items.reduce((a, b) => (number(callable(fn)(b)) >= number(callable(fn)(a)) ? b : a))) satisfies Fn,
  'min-key': ((fn, ...items) =>
    items.reduce((a, b) => (number(callable(fn)(b)) <= number(callable(fn)(a)) ? b : a))) satisfies Fn,
  str: ((...parts) => parts.map(str).join('')) satisfies Fn,
  name: ((key) => nameOf(key)) satisfies Fn,
  keyword: ((name) => new Keyword(String(name))) satisfies Fn,
  subs: ((value, from, to) => text(value).slice(number(from), to === undefined ? undefined : number(to))) satisfies Fn,
  're-find': ((pattern, source) => (pattern as RegExp).exec(text(source))?.[0]) satisfies Fn,
  're-matches': ((pattern, source) =>
    new RegExp(`^(?:${(pattern as RegExp).source})$`).exec(text(source))?.[0]) satisfies Fn,
  're-pattern': ((source) => new RegExp(text(source))) satisfies Fn,
  'lower-case': ((value) => text(value).toLowerCase()) satisfies Fn,
  'upper-case': ((value) => text(value).toUpperCase()) satisfies Fn,
  'starts-with?': ((value, start) => text(value).startsWith(String(start))) satisfies Fn,
  'ends-with?': ((value, end) => text(value).endsWith(String(end))) satisfies Fn,
  'includes?': ((value, part) => text(value).includes(String(part))) satisfies Fn,
  println: () => undefined,
  prn: () => undefined,
};
