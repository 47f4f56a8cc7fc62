/**
 * As much of Clojure as streams are written in: special forms here, functions in clojure-core.ts. What it does not
 * know it says with UnknownForm, so that a case is never passed by accident.
 */
import { CORE, callable, JavaException, truthy, type Value } from './clojure-core.ts';
import { Double, type Form, Keyword, List, MapForm, Name, SetForm, UnknownForm, VectorForm } from './edn.ts';

export class Scope {
  readonly #names = new Map<string, Value>();
  readonly #outer: Scope | undefined;
  /** Resolves a name that no scope has; undefined result: unknown. */
  readonly #last: ((name: string) => { readonly value: Value } | undefined) | undefined;

  constructor(outer?: Scope, last?: (name: string) => { readonly value: Value } | undefined) {
    this.#outer = outer;
    this.#last = last;
  }

  set(name: string, value: Value): void {
    this.#names.set(name, value);
  }

  /** Whether the form itself gave the name a value. */
  binds(name: string): boolean {
    return this.#names.has(name) || (this.#outer?.binds(name) ?? false);
  }

  find(name: string): { readonly value: Value } | undefined {
    if (this.#names.has(name)) return { value: this.#names.get(name) };
    return this.#outer?.find(name) ?? this.#last?.(name);
  }
}

/** Gets its arguments unevaluated. */
export type Macro = (scope: Scope, args: readonly Form[]) => Value;

export class Interpreter {
  readonly #macros: Readonly<Record<string, Macro>>;

  /** @param macros beside Clojure's own */
  constructor(macros: (interpreter: Interpreter) => Readonly<Record<string, Macro>>) {
    this.#macros = { ...specialForms(this), ...macros(this) };
  }

  run(scope: Scope, form: Form): Value {
    if (form instanceof Name) return this.#lookUp(scope, form.name);
    if (form instanceof VectorForm) return this.runAll(scope, form.items);
    if (form instanceof SetForm) return new Set(this.runAll(scope, form.items).map(plainNumber));
    if (form instanceof MapForm) return this.#map(scope, form);
    if (!(form instanceof List)) return form;
    const [head, ...args] = form.items;
    if (head === undefined) return [];
    if (head instanceof Name) {
      const name = bare(head.name);
      const macro = scope.binds(head.name) ? undefined : this.#macros[name];
      if (macro) return macro(scope, args);
      if (name.endsWith('.')) return new JavaException(name.slice(0, -1));
    }
    return callable(this.run(scope, head))(...this.runAll(scope, args));
  }

  runAll(scope: Scope, forms: readonly Form[]): Value[] {
    return forms.map((form) => this.run(scope, form));
  }

  /** The value of the last. */
  runBody(scope: Scope, forms: readonly Form[]): Value {
    return forms.reduce<Value>((_, form) => this.run(scope, form), undefined);
  }

  #lookUp(scope: Scope, name: string): Value {
    const found = scope.find(name) ?? scope.find(bare(name));
    if (found) return found.value;
    const core = CORE[name] ?? CORE[bare(name)];
    if (core === undefined) throw new UnknownForm(`no ${name}`);
    return core;
  }

  #map(scope: Scope, { pairs }: MapForm): Value {
    const entries = pairs.map(([key, value]) => [this.run(scope, key), this.run(scope, value)] as const);
    if (entries.every(([key]) => key instanceof Keyword))
      return Object.fromEntries(entries.map(([key, value]) => [(key as Keyword).name, value]));
    return new Map(entries.map(([key, value]) => [plainNumber(key), value]));
  }
}

/** Without its namespace: `riemann.streams/where` is `where`. `/` alone is division. */
export function bare(name: string): string {
  return name.length > 1 ? name.slice(name.lastIndexOf('/') + 1) : name;
}

function plainNumber(value: Value): Value {
  return value instanceof Double ? value.value : value;
}

function specialForms(interpreter: Interpreter): Record<string, Macro> {
  const run = (scope: Scope, form: Form) => interpreter.run(scope, form);
  const body = (scope: Scope, forms: readonly Form[]) => interpreter.runBody(scope, forms);
  const names = (form: Form): readonly Form[] => {
    if (form instanceof VectorForm) return form.items;
    throw new UnknownForm('a vector of names was expected');
  };

  function bind(scope: Scope, target: Form, value: Value): void {
    if (target instanceof Name) {
      scope.set(target.name, value);
    } else if (target instanceof VectorForm) {
      bindInOrder(scope, target.items, (value ?? []) as readonly Value[]);
    } else if (target instanceof MapForm) {
      for (const [name, from] of target.pairs) bindFromMap(scope, name, from, value);
    } else throw new UnknownForm('an unknown binding');
  }

  function bindInOrder(scope: Scope, targets: readonly Form[], values: readonly Value[]): void {
    for (const [at, target] of targets.entries()) {
      if (target instanceof Name && target.name === '&') {
        bind(scope, targets[at + 1], values.slice(at));
        return;
      }
      bind(scope, target, values[at]);
    }
  }

  function bindFromMap(scope: Scope, name: Form, from: Form, map: Value): void {
    if (name instanceof Keyword && name.name === 'keys')
      for (const key of names(from)) bind(scope, key, callable(new Keyword((key as Name).name))(map));
    else if (name instanceof Keyword && name.name === 'as') bind(scope, from, map);
    else bind(scope, name, callable(run(scope, from))(map));
  }

  function letScope(scope: Scope, bindings: Form): Scope {
    const inner = new Scope(scope);
    const list = names(bindings);
    for (let at = 0; at < list.length; at += 2) bind(inner, list[at], run(inner, list[at + 1]));
    return inner;
  }

  function fn(scope: Scope, args: readonly Form[]): Value {
    const own = args[0] instanceof Name ? args[0] : undefined;
    const rest = own ? args.slice(1) : args;
    const clauses = rest[0] instanceof List ? rest.map((form) => (form as List).items) : [rest];
    const made = (...values: Value[]): Value => {
      const clause = clauses.find(([parameters]) => {
        const list = names(parameters);
        const variadic = list.findIndex((one) => one instanceof Name && one.name === '&');
        return variadic < 0 ? list.length === values.length : values.length >= variadic;
      });
      if (!clause) throw new JavaException('ArityException');
      const inner = new Scope(scope);
      if (own) inner.set(own.name, made);
      bind(inner, clause[0], values);
      return body(inner, clause.slice(1));
    };
    return made;
  }

  const threaded = (scope: Scope, args: readonly Form[], at: 'first' | 'last') =>
    run(
      scope,
      args.slice(1).reduce((value: Form, step) => {
        const [head, ...rest] = step instanceof List ? step.items : [step];
        return new List(at === 'first' ? [head, value, ...rest] : [head, ...rest, value]);
      }, args[0]),
    );

  const ifLet = (scope: Scope, [bindings, then, otherwise]: readonly Form[]) => {
    const [target, form] = names(bindings);
    const value = run(scope, form);
    if (!truthy(value)) return run(scope, otherwise);
    const inner = new Scope(scope);
    bind(inner, target, value);
    return run(inner, then);
  };

  return {
    quote: (_, [form]) => form as Value,
    if: (scope, [test, then, otherwise]) => run(scope, truthy(run(scope, test)) ? then : otherwise),
    'if-not': (scope, [test, then, otherwise]) => run(scope, truthy(run(scope, test)) ? otherwise : then),
    when: (scope, [test, ...forms]) => (truthy(run(scope, test)) ? body(scope, forms) : undefined),
    'when-not': (scope, [test, ...forms]) => (truthy(run(scope, test)) ? undefined : body(scope, forms)),
    'if-let': ifLet,
    'when-let': (scope, [bindings, ...forms]) => ifLet(scope, [bindings, new List([new Name('do'), ...forms])]),
    do: body,
    let: (scope, [bindings, ...forms]) => body(letScope(scope, bindings), forms),
    'let*': (scope, [bindings, ...forms]) => body(letScope(scope, bindings), forms),
    fn,
    'fn*': fn,
    and: (scope, forms) => {
      let value: Value = true;
      for (const form of forms) {
        value = run(scope, form);
        if (!truthy(value)) return value;
      }
      return value;
    },
    or: (scope, forms) => {
      let value: Value;
      for (const form of forms) {
        value = run(scope, form);
        if (truthy(value)) return value;
      }
      return value;
    },
    cond: (scope, forms) => {
      for (let at = 0; at < forms.length; at += 2) if (truthy(run(scope, forms[at]))) return run(scope, forms[at + 1]);
      return undefined;
    },
    case: (scope, [form, ...clauses]) => {
      const value = run(scope, form);
      for (let at = 0; at + 1 < clauses.length; at += 2)
        if (truthy(callable(CORE['='])(clauses[at] as Value, value))) return run(scope, clauses[at + 1]);
      if (clauses.length % 2 === 0) throw new JavaException('IllegalArgumentException');
      return run(scope, clauses.at(-1));
    },
    '->': (scope, args) => threaded(scope, args, 'first'),
    '->>': (scope, args) => threaded(scope, args, 'last'),
    throw: (scope, [form]) => {
      throw run(scope, form);
    },
  };
}
