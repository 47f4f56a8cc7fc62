/**
 * How the names of Riemann's streams in a form find ours. A function is found under its name in camelCase and called
 * with the form's own arguments, keywords as names of fields; listed here is only what is written otherwise in
 * TypeScript, and what is a macro in Clojure.
 */
import type { Streams } from '../../satellite-master/streams/index.ts';
import { fieldOf } from '../../satellite-master/streams/item.ts';
import type { Stream } from '../../satellite-master/streams/stream.ts';
import { bare, Interpreter, type Macro, Scope } from './clojure.ts';
import { callable, equal, plain, seq, truthy, type Value } from './clojure-core.ts';
import { Double, type Form, Keyword, List, Name, UnknownForm } from './edn.ts';
import { foldStreamsOf, foldsOf } from './folds.ts';

type Anything = (...args: unknown[]) => unknown;
type Table = Readonly<Record<string, Anything>>;

/** Riemann's fields: within `where` a name is the field's value, and in the first place of a list what it matches. */
const FIELDS = ['host', 'service', 'state', 'metric', 'time', 'ttl', 'description', 'tags', 'metric_f'];

/** Names that are not the same in camelCase. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  'where*': 'where',
  'smap*': 'combine',
  'project*': 'project',
  'split*': 'split',
  'hysteresis?': 'hysteresis',
  'expired?': 'isExpired',
};

/** What a case learns about itself while it runs, for the rules of difference.ts. */
export interface Findings {
  /** Clock, in seconds, at which `by` first made children again for a key that it had forgotten. */
  forgottenAtS: number | undefined;
}

export interface Surroundings {
  readonly streams: Streams;
  readonly nowS: () => number;
  readonly findings: Findings;
  /** What the form puts in the place of the original's functions. */
  readonly interned: Map<string, Value>;
  /** `out`, `out2`, `settings` and what else the file hands to its forms. */
  readonly names: Readonly<Record<string, Value>>;
}

export function streamOf(form: Form, surroundings: Surroundings): Stream<unknown> {
  const ours = surroundings.streams as unknown as Table;
  const interpreter = new Interpreter((self) => macros(self, ours, surroundings));
  const scope = new Scope(undefined, (name) => found(name, ours, surroundings));
  for (const [name, value] of Object.entries(surroundings.names)) scope.set(name, value);
  return callable(interpreter.run(scope, form)) as Stream<unknown>;
}

function found(name: string, ours: Table, surroundings: Surroundings): { readonly value: Value } | undefined {
  const special = specials(ours, surroundings)[bare(name)];
  if (special) return { value: special };
  const own = ours[ourName(bare(name))];
  if (!own) return undefined;
  return { value: (...args: Value[]) => own(...args.map(asOurs)) };
}

export function ourName(name: string): string {
  return OTHER_NAMES[name] ?? name.replace(/[*?!]$/, '').replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Keywords become names, doubles numbers; functions, events and lists are the same on both sides. */
function asOurs(value: Value): unknown {
  if (value instanceof Keyword) return value.name;
  if (value instanceof Double) return value.value;
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map(asOurs);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, one]) => [plain(key), asOurs(one)]));
  return value;
}

/** Functions of Riemann whose arguments lie otherwise in ours. */
function specials(ours: Table, { nowS, streams }: Surroundings): Readonly<Record<string, Anything>> {
  const call = (name: string, ...args: Value[]) => {
    const own = ours[name];
    if (!own) throw new UnknownForm(`no stream ${name}`);
    return own(...args.map(asOurs));
  };
  const withFields =
    (name: string) =>
    (first: Value, ...rest: Value[]) =>
      first instanceof Keyword
        ? call(name, { [first.name]: plain(rest[0]) }, ...rest.slice(1))
        : call(name, first, ...rest);
  const predicates =
    (name: string) =>
    (list: Value, ...rest: Value[]) =>
      call(name, seq(list).map(callable), ...rest);
  const changed =
    (name: string) =>
    (...args: Value[]) =>
      call(
        name,
        ...args.map((arg) => {
          if (typeof arg !== 'object' || arg === null || !('pairs?' in arg)) return arg;
          const { 'pairs?': pairs, ...options } = arg;
          return { ...options, pairs };
        }),
      );
  return {
    ...foldsOf(streams),
    ...foldStreamsOf(streams),
    'where*': (predicate, ...children) => call('where', callable(predicate), ...children),
    'split*': (...args) =>
      call('split', ...clauses(args.map((arg, at) => (at % 2 === 0 && at < args.length - 1 ? callable(arg) : arg)))),
    'project*': predicates('project'),
    with: withFields('with'),
    default: withFields('default'),
    changed: changed('changed'),
    adjust: (change, ...children) =>
      typeof change === 'function'
        ? call('adjust', change, ...children)
        : call('adjust', [asOurs(seq(change)[0]), callable(seq(change)[1]), ...seq(change).slice(2)], ...children),
    sreduce: (reduce, ...rest) =>
      typeof rest[0] === 'function' || rest.length === 0
        ? call('sreduce', callable(reduce), ...rest)
        : call('sreduce', callable(reduce), { init: rest[0] }, ...rest.slice(1)),
    smap: (change, ...children) => call('smap', callable(change), ...children),
    'smap*': (change, ...children) => call('combine', callable(change), ...children),
    combine: (change, ...children) => call('combine', callable(change), ...children),
    smapcat: (change, ...children) => call('smapcat', callable(change), ...children),
    stream: (...children) => call('sdo', ...children),
    event: (fields) => ({ time: nowS(), ...(fields as object) }),
    'unix-time': nowS,
    'fold-blackhole-thresholds': (settings, events) => (call('foldBlackholeThresholds', settings) as Anything)(events),
  };
}

/** Test and child, test and child, and perhaps a last child. */
function clauses(args: readonly Value[]): unknown[] {
  const pairs = Array.from({ length: Math.floor(args.length / 2) }, (_, n) => [args[2 * n], args[2 * n + 1]]);
  return args.length % 2 === 1 ? [...pairs, args.at(-1)] : pairs;
}

function macros(
  self: Interpreter,
  ours: Table,
  { streams, nowS, findings, interned }: Surroundings,
): Record<string, Macro> {
  const { by, where, otherwise, changedState, project, split, splitp } = streams;

  /** The test of `where`: names of fields are their values, lists that begin with one a match. */
  const test = (scope: Scope, form: Form) => (event: unknown) => {
    const inner = new Scope(scope);
    inner.set('event', event);
    for (const field of FIELDS) inner.set(field, callable(new Keyword(field))(event));
    return self.run(inner, matching(form, streams));
  };
  const children = (scope: Scope, forms: readonly Form[]) => self.runAll(scope, forms) as Stream[];

  /** `by`, watched: whether it makes children for a key that it had before. */
  const forked = (fields: readonly Value[], make: () => Stream[]) => {
    const made: Value[][] = [];
    let current: Value[] = [];
    const stream = by(
      fields.map((one) => asOurs(one) as string),
      () => {
        if (made.some((one) => equal(one, current))) findings.forgottenAtS ??= nowS();
        made.push(current);
        return make();
      },
    );
    return (item: never) => {
      current = fields.map((one) => (one instanceof Keyword ? fieldOf(item, one.name) : callable(one)(item)));
      stream(item);
    };
  };

  return {
    where: (scope, [form, ...forms]) => where(test(scope, form), ...children(scope, forms)),
    else: (scope, forms) => otherwise(...children(scope, forms)),
    split: (scope, forms) =>
      split(
        ...(clauses(
          forms.map((form, at) => (at % 2 === 0 && at < forms.length - 1 ? test(scope, form) : self.run(scope, form))),
        ) as Stream[]),
      ),
    splitp: (scope, [compare, value, ...forms]) =>
      splitp(
        callable(self.run(scope, compare)),
        test(scope, value),
        ...(clauses(self.runAll(scope, forms)) as Stream[]),
      ),
    project: (scope, [predicates, ...forms]) =>
      project(
        (predicates as List).items.map((form) => test(scope, form)),
        ...(children(scope, forms) as Stream<unknown>[]),
      ),
    apdex: (scope, [seconds, satisfied, tolerated, ...forms]) => {
      const apdex = ours['apdex'];
      if (!apdex) throw new UnknownForm('no stream apdex');
      return apdex(self.run(scope, seconds), test(scope, satisfied), test(scope, tolerated), ...children(scope, forms));
    },
    pipe: (scope, [marker, ...stages]) => {
      const parts = stages.slice(0, -1).map((stage) => (next: Stream) => {
        const inner = new Scope(scope);
        inner.set((marker as Name).name, next);
        return self.run(inner, stage) as Stream;
      });
      return streams.pipe(...parts, self.run(scope, stages.at(-1)) as Stream);
    },
    by: (scope, [fields, ...forms]) => {
      const key = self.run(scope, fields);
      return forked(Array.isArray(key) ? key : [key], () => children(scope, forms));
    },
    // A set of children for each key, as the macro makes them.
    'changed-state': (scope, forms) =>
      forked([new Keyword('host'), new Keyword('service')], () => {
        const [first, ...rest] = self.runAll(scope, forms);
        return typeof first === 'object' && first !== null && 'init' in first
          ? [changedState({ init: first.init }, ...(rest as Stream[]))]
          : [changedState(...([first, ...rest].filter(truthy) as Stream[]))];
      }),
    // Puts a function in the place of the original's.
    intern: (scope, [, name, value]) => {
      const quoted = self.run(scope, name);
      if (!(quoted instanceof Name)) throw new UnknownForm('intern of what is no name');
      const replacement = self.run(scope, value);
      scope.set(quoted.name, replacement);
      interned.set(quoted.name, replacement);
      return undefined;
    },
    def: (scope, [name, value]) => {
      scope.set((name as Name).name, self.run(scope, value));
      return undefined;
    },
  };
}

/** Puts a test in the place of each list that begins with the name of a field. */
function matching(form: Form, streams: Streams): Form {
  if (!(form instanceof List)) return form;
  const [head, ...args] = form.items;
  if (!(head instanceof Name)) return new List(form.items.map((item) => matching(item, streams)));
  if (head.name === 'quote' || head.name.startsWith('fn')) return form;
  const inner = args.map((item) => matching(item, streams));
  if (FIELDS.includes(head.name)) return new List([fieldTest(streams), new Name(head.name), ...inner]);
  const tagged = { tagged: 'taggedAll', 'tagged-any': 'taggedAny', 'tagged-all': 'taggedAll' }[head.name];
  if (tagged === undefined) return new List([head, ...inner]);
  const filter = streams[tagged as 'taggedAny' | 'taggedAll'];
  // Of several values one must match, as with any field; a value may be a list of tags.
  const apply = (event: never, ...values: Value[]) => values.some((value) => filter([value].flat() as string[])(event));
  return new List([apply as unknown as Form, new Name('event'), ...inner]);
}

/** Ours decides, but for numbers: JavaScript cannot tell 1 from 1.0, so the form's own equality does. */
function fieldTest(streams: Streams): Form {
  const test = (value: Value, ...patterns: Value[]) =>
    patterns.some((pattern) => {
      if (typeof plain(pattern) === 'number') return equal(pattern, value);
      const isOurs = typeof pattern !== 'object' || pattern instanceof RegExp || pattern instanceof Set;
      return streams.match(() => plain(value), isOurs ? (pattern as string) : callable(pattern))({});
    });
  return test as unknown as Form;
}
