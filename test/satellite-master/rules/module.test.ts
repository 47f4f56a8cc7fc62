/** Rules modules as they lie on disk: what is loaded, and what is said of a broken one. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkRules } from '../../../satellite-master/rules/check.ts';
import { loadRulesModule } from '../../../satellite-master/rules/module/module.ts';
import { RulesError } from '../../../satellite-master/rules/module/rules-error.ts';
import { testRules } from '../../../satellite-master/testing/index.ts';
import { ModuleFolder } from './support/module-folder.ts';

let folder: ModuleFolder;
beforeAll(() => {
  folder = new ModuleFolder();
});
afterAll(() => folder.remove());

/** What is said of it, with the folder left out. */
function problemsOf(path: string): string[] {
  try {
    checkRules(path);
    return [];
  } catch (error) {
    if (!(error instanceof RulesError)) throw error;
    return error.problems.map(({ place, text }) => `${place}: ${text}`.replaceAll(`${folder.path}/`, ''));
  }
}

describe('a module is loaded', () => {
  test.each([
    ['a.ts', "import type { Satellite } from 'satellite';\nexport default ({ tap }: Satellite) => tap('all');"],
    ['a.js', "export default ({ tap }) => [tap('all')];"],
    ['a.mjs', "import { join } from 'node:path';\nexport default ({ tap }) => [tap(join('all'))];"],
    ['b.js', "exports.default = ({ tap }) => [tap('all')];"],
  ])('%s', (name, text) => {
    const bench = testRules(folder.write(name, text));
    bench.inject({ service: 'disk', state: 'ok' });
    expect(bench.tap('all')).toMatchObject([{ service: 'disk', state: 'ok' }]);
  });

  test('anew each time, with every file of its own that it imports', () => {
    const path = folder.write(
      'm/main.mjs',
      "import { name } from './name.ts';\nexport default ({ tap }) => tap(name);",
    );
    folder.write('m/name.ts', "export const name: string = 'one';");
    const first = loadRulesModule(path);
    expect(first.files.map((file) => file.replace(`${folder.path}/m/`, ''))).toEqual(['main.mjs', 'name.ts']);
    folder.write('m/name.ts', "export const name: string = 'two';");
    const [before, after] = [testRules(first.rules), testRules(path)];
    before.inject({ service: 'x' });
    after.inject({ service: 'x' });
    expect([before.tap('one').length, after.tap('two').length]).toEqual([1, 1]);
  });

  test('and finds the bench and the recipes of this very Satellite, though no package lies beside it', () => {
    const path = folder.write(
      'recipe.ts',
      `import type { Satellite } from 'satellite';
      import { offWhileOver } from 'satellite/recipes';
      export default (satellite: Satellite) => offWhileOver(satellite, { service: 'load', off: 2, on: 1 });`,
    );
    expect(loadRulesModule(path).files).toEqual([path]);
    const bench = testRules(path).inject({ host: 'a1', service: 'load', metric: 3 });
    expect(bench.wanted('a1')).toBe('off');
  });
});

describe('of a broken module all that is wrong is said, with file and line', () => {
  test.each([
    ['no-such.ts', undefined, 'no-such.ts: no such file'],
    ['rules.clj', '(streams index)', 'rules.clj: expected a module that ends in .ts, .js or .mjs'],
    [
      'syntax.ts',
      '\nexport default () => {\n  return [a b];\n};',
      'syntax.ts:3: ParseError: Unexpected token, expected ","',
    ],
    [
      'nothing.ts',
      'export const rules = () => [];',
      'nothing.ts: no default export: expected export default (satellite) => [streams]',
    ],
    [
      'list.ts',
      'export default [];',
      'list.ts: the default export is no function: expected export default (satellite) => [streams]',
    ],
    ['import.ts', "import { a } from './absent.ts';\nexport default () => [a];", 'import.ts:1'],
    ['top.ts', "\n\nthrow new Error('not today');", 'top.ts:3: not today'],
    ['throws.ts', 'export default () => {\n  throw new RangeError("no");\n};', 'throws.ts:2: no'],
    [
      'value.ts',
      'export default () => [() => undefined, 7];',
      'value.ts:1: the default export: must give streams: found 7 in place 2',
    ],
    ['fork.ts', 'export default ({ by, throttle }) =>\n  by("host", () =>\n    throttle("x", 1));', 'fork.ts:3'],
    [
      'call.ts',
      'export default ({ where, service, offHost }) =>\n  where(service("x"), offHost({ host: "a" }));',
      'call.ts:2',
    ],
    ['channel.ts', 'export default ({ email }) =>\n  email({ to: "ops@example.com" });', 'channel.ts:2'],
  ])('%s', (name, text, expected) => {
    const path = text === undefined ? `${folder.path}/${name}` : folder.write(name, text);
    const [first, ...more] = problemsOf(path);
    expect(first?.slice(0, expected.length)).toBe(expected);
    expect(more).toEqual([]);
  });

  test('wrong arguments and unknown names all together', () => {
    const path = folder.write(
      'many.ts',
      `export default ({ throttle, rolup, by, coalesce, index }) => [
        throttle(-1, 5, index()),
        rolup(5, 3600, index()),
        by('host', 'not a function'),
        coalesce(-1),
      ];`,
    );
    expect(problemsOf(path).sort()).toEqual([
      'many.ts:1: satellite has no "rolup": is "rollup" meant?',
      expect.stringMatching(/^many\.ts:2: throttle: count must be/),
      expect.stringMatching(/^many\.ts:4: by: what makes the children of a key must be a function/),
      expect.stringMatching(/^many\.ts:5: coalesce: seconds must be a number above 0, not -1/),
    ]);
  });
});

describe('what has the right type and does nothing is a mistake, found with its line', () => {
  test.each([
    ['where(service("x"), offHost)', 'where: found the function offHost itself: call it, as in offHost(...)'],
    ['where(service("x"), otherwise(email))', 'otherwise: found the function email itself'],
    ['split([state("critical"), offHost], [state("ok"), onHost()])', 'split: found the function offHost itself'],
    ['by("host", () => offHost)', 'by: found the function offHost itself'],
    ['rule("x", () => [judgeTests])', 'rule x: found the function judgeTests itself'],
    [
      'rule("x", (inner) => inner.where(inner.service("x"), inner.offHost))',
      'where: found the function offHost itself',
    ],
    ['pipe((next) => where(service("x"), next), index)', 'pipe: found the function index itself'],
    [
      'by("host", offHost())',
      'by: takes a function that makes the streams: write () => offHost(...), not offHost(...)',
    ],
    ['by("host", where(service("x"), offHost()))', 'by: takes a function that makes the streams: write () => where'],
    ['rule("x", judgeTests())', 'rule: takes a function that makes the streams: write () => judgeTests(...)'],
    ['where(service, offHost())', 'where: found the function service itself'],
    ['where(offHost(), index())', 'where: takes a predicate first; what offHost(...) makes is a stream'],
    ['where(service("x"), state("critical"), offHost())', 'where: takes streams as children; what state(...) makes'],
    ['where(service("x"), undefined)', 'where: argument 2 is undefined'],
    ['throttle(5, 60, false && offHost())', 'throttle: argument 3 is false'],
    ['where(service("x"), [offHost()])', 'where: takes its children one after another, not in a list (argument 2)'],
  ])('%s', (stream, expected) => {
    const path = folder.write(
      'useless.ts',
      `export default (satellite) => {
      const { where, otherwise, split, by, rule, pipe, service, state, throttle } = satellite;
      const { offHost, onHost, judgeTests, email, index } = satellite;
      return [
        judgeTests(),
        ${stream},
      ];
    };`,
    );
    const [first, ...more] = problemsOf(path);
    expect(first?.slice(0, expected.length + 14)).toBe(`useless.ts:6: ${expected}`.slice(0, expected.length + 14));
    expect(more).toEqual([]);
  });

  test('the default export itself is named with its line', () => {
    const path = folder.write('export.ts', '// rules\n\nexport default ({ offHost }) => [offHost];');
    expect(problemsOf(path)).toEqual([
      'export.ts:3: the default export: found the function offHost itself: call it, as in offHost(...)',
    ]);
  });

  test.each([
    'smap(maximum, index())',
    'coalesce(60, smap(mean, index()))',
    'pipe(changedState, index())',
    'by("host", judgeTests)',
    'by(["host", (event) => event.service], () => index())',
    'where(tagged("x"), where(over(5), index()))',
    'where(state(null, undefined), log())',
    'split([over(0.9), index()], [state("ok"), log("x")], index())',
    'project([service("a"), service("b")], smap(sum, index()))',
    'smap(expire, index())',
    'coalesce(60, ensureAllTestsPass({ onHost, offHost }))',
    'match("state", null, index())',
    'adjust(["service", (service) => service + " rate"], index())',
  ])('%s is none', (stream) => {
    const path = folder.write(
      'useful.ts',
      `export default (satellite) => {
      const { where, split, by, pipe, service, state, tagged, over, match, adjust, project, changedState } = satellite;
      const { smap, coalesce, maximum, mean, sum, expire, ensureAllTestsPass } = satellite;
      const { onHost, offHost, judgeTests, index, log } = satellite;
      return [${stream}];
    };`,
    );
    expect(problemsOf(path)).toEqual([]);
  });
});

describe('a module in which no rule judges hosts', () => {
  const judges = "where(service('gpu'), judgeTests())";
  test.each([
    ['[]', 'the default export gives no streams'],
    ["[where(service('gpu'), index())]", 'no rule judges hosts'],
    ["[where(service('gpu'), keepHost())]", 'no rule judges hosts'],
    ["[where(service('gpu'), index()) /* judgeTests(), offHost(host) */]", 'no rule judges hosts'],
  ])('%s is named with its line', (streams, text) => {
    const path = folder.write(
      'none.ts',
      `\nexport default ({ where, service, index, judgeTests, offHost, keepHost }) => ${streams};`,
    );
    const warnings = checkRules(path).map((warning) => warning.replaceAll(`${folder.path}/`, ''));
    const advice = 'add judgeTests(), or export const withoutHostJudgement = true';
    expect(warnings).toEqual([`none.ts:2: no-judgement: ${text}: ${advice}`]);
  });

  test.each([
    `[${judges}]`,
    "[where(service('gpu'), offHost())]",
    "[where(service('gpu'), onHost())]",
    "[where(service('gpu'), persistEvent())]",
    "[by('host', () => offHost())]",
    "[rule('gpu', (inner) => inner.offHost())]",
    '[(event) => { if (event.metric > 9) offHost(event.host, "too hot"); }]',
    '[coalesce(60, ensureAllTestsPass({ onHost, offHost }))]',
    "[(hosts.account('mine', () => ({})), index())]",
  ])('%s is none', (streams) => {
    const path = folder.write(
      'some.ts',
      `export default (satellite) => {
        const { where, by, rule, service, index, coalesce, hosts } = satellite;
        const { judgeTests, offHost, onHost, persistEvent, ensureAllTestsPass } = satellite;
        return ${streams};
      };`,
    );
    expect(checkRules(path)).toEqual([]);
  });

  test('may say that this is intended', () => {
    const path = folder.write(
      'intended.ts',
      'export const withoutHostJudgement = true;\nexport default ({ index }) => index();',
    );
    expect(checkRules(path)).toEqual([]);
    folder.write('intended.ts', 'export const withoutHostJudgement = "yes";\nexport default ({ index }) => index();');
    expect(problemsOf(path)).toEqual(['intended.ts:2: withoutHostJudgement must be true or false']);
  });
});
