/** Reads the text of a Clojure form, as the vector files write streams and predicates. */

export class Keyword {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export class Name {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** A whole number written with a point: equal to no integer in Clojure, where JavaScript has one kind of number. */
export class Double {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
  valueOf(): number {
    return this.value;
  }
}

/** A ratio that is no whole number, as a double; `text` is how Clojure prints it. */
export class Ratio extends Double {
  readonly text: string;
  constructor(value: number, text: string) {
    super(value);
    this.text = text;
  }
}

export class List {
  readonly items: readonly Form[];
  constructor(items: readonly Form[]) {
    this.items = items;
  }
}
export class VectorForm {
  readonly items: readonly Form[];
  constructor(items: readonly Form[]) {
    this.items = items;
  }
}
export class SetForm {
  readonly items: readonly Form[];
  constructor(items: readonly Form[]) {
    this.items = items;
  }
}
export class MapForm {
  readonly pairs: readonly (readonly [Form, Form])[];
  constructor(items: readonly Form[]) {
    this.pairs = Array.from({ length: items.length / 2 }, (_, n) => [items[2 * n], items[2 * n + 1]] as const);
  }
}

export type Form =
  | undefined
  | boolean
  | number
  | string
  | Double
  | RegExp
  | Keyword
  | Name
  | List
  | VectorForm
  | SetForm
  | MapForm;

/** Thrown where a form is one that this reader or the interpreter does not know. */
export class UnknownForm extends Error {}

const TOKEN =
  /[\s,]*(?:;[^\n]*\s*)*(#"(?:[^"\\]|\\.)*"|"(?:[^"\\]|\\.)*"|#\{|#\(|#'|#_|[()[\]{}'@^`~]|[^\s,()[\]{}"'`;@^~]+|$)/suy;
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '#{': '}', '#(': ')' };

export function readForm(text: string): Form {
  const reader = new Reader(text);
  const form = reader.form();
  if (!reader.atEnd()) throw new UnknownForm(`more than one form: ${text}`);
  return form;
}

class Reader {
  readonly #tokens: string[] = [];
  #at = 0;

  constructor(text: string) {
    TOKEN.lastIndex = 0;
    for (;;) {
      const found = TOKEN.exec(text);
      if (!found) throw new UnknownForm(`not readable: ${text}`);
      if (!found[1]) break;
      this.#tokens.push(found[1]);
    }
  }

  atEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  form(): Form {
    const token = this.#tokens[this.#at++];
    switch (token) {
      case undefined:
        throw new UnknownForm('the form ends too soon');
      case '(':
        return new List(this.#until(')'));
      case '[':
        return new VectorForm(this.#until(']'));
      case '{':
        return new MapForm(this.#until('}'));
      case '#{':
        return new SetForm(this.#until('}'));
      case '#(':
        return shortFunction(this.#until(')'));
      case "'":
        return new List([new Name('quote'), this.form()]);
      case '@':
        return new List([new Name('deref'), this.form()]);
      case "#'":
        return this.form();
      case '^':
        this.form();
        return this.form();
      case '#_':
        this.form();
        return this.form();
      default:
        if (token in CLOSING || Object.values(CLOSING).includes(token)) throw new UnknownForm(`${token} out of place`);
        return atom(token);
    }
  }

  #until(closing: string): Form[] {
    const items: Form[] = [];
    while (this.#tokens[this.#at] !== closing) {
      if (this.atEnd()) throw new UnknownForm(`no ${closing}`);
      items.push(this.form());
    }
    this.#at++;
    return items;
  }
}

function atom(token: string): Form {
  if (token.startsWith('#"')) return pattern(token.slice(2, -1));
  if (token.startsWith('"')) return JSON.parse(token.replaceAll('\n', '\\n'));
  if (token === 'nil') return undefined;
  if (token === 'true' || token === 'false') return token === 'true';
  if (/^:./.test(token)) return new Keyword(token.replace(/^::?/, ''));
  if (/^[+-]?\d+N?$/.test(token)) return Number(token.replace('N', ''));
  if (/^[+-]?\d+\/\d+$/.test(token)) {
    const [over = 0, under = 1] = token.split('/').map(Number);
    return Number.isInteger(over / under) ? over / under : new Ratio(over / under, token);
  }
  if (/^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?M?$/.test(token)) return double(Number(token.replace('M', '')));
  if (token.startsWith('\\') && token.length === 2) return token.slice(1);
  if (/^[#\\]/.test(token)) throw new UnknownForm(token);
  return new Name(token);
}

/** Only a whole one could be taken for an integer. */
export function double(value: number): number | Double {
  return Number.isInteger(value) ? new Double(value) : value;
}

/** A Java pattern; its leading flags become JavaScript's. */
function pattern(source: string): RegExp {
  const [, flags = '', rest = source] = /^\(\?([imsu]+)\)(.*)$/s.exec(source) ?? [];
  return new RegExp(rest, flags.replace('u', ''));
}

/** `#(f % 1)` */
function shortFunction(body: readonly Form[]): List {
  const used = new Set<string>();
  const rename = (form: Form): Form => {
    if (form instanceof Name && /^%(\d*|&)$/.test(form.name)) {
      const name = form.name === '%' ? '%1' : form.name;
      used.add(name);
      return new Name(name);
    }
    if (form instanceof List) return new List(form.items.map(rename));
    if (form instanceof VectorForm) return new VectorForm(form.items.map(rename));
    if (form instanceof SetForm) return new SetForm(form.items.map(rename));
    if (form instanceof MapForm) return new MapForm(form.pairs.flat().map(rename));
    return form;
  };
  const renamed = new List(body.map(rename));
  const most = Math.max(0, ...[...used].filter((name) => name !== '%&').map((name) => Number(name.slice(1))));
  const names = Array.from({ length: most }, (_, n) => new Name(`%${n + 1}`));
  const rest = used.has('%&') ? [new Name('&'), new Name('%&')] : [];
  return new List([new Name('fn'), new VectorForm([...names, ...rest]), renamed]);
}
