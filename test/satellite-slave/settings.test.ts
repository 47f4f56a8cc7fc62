import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSlaveSettings } from '../../satellite-slave/settings/slave-settings.ts';
import { SettingsError } from '../../shared/settings.ts';
import { runComet } from './support/run-comet.ts';
import { fileWith, settingsFile, temporaryFolder } from './support/settings-file.ts';

const ORIGINAL = 'test/fixtures/original-settings/slave.json';

/** The paths that are wrong, with what is expected there. */
async function problemsOf(file: string): Promise<Record<string, string>> {
  const error: unknown = await readSlaveSettings(file).catch((thrown: unknown) => thrown);
  if (!(error instanceof SettingsError)) throw new Error(`expected wrong settings, got ${String(error)}`);
  return Object.fromEntries(error.problems.map(({ path, expected }) => [path, expected]));
}

const comet = (more: object) => ({
  comets: [{ name: 'free-memory', period: '60s', params: { threshold: 50 }, ...more }],
});

describe("the original's shipped file", () => {
  test('is accepted unchanged', async () => {
    const settings = await readSlaveSettings(ORIGINAL);
    expect(settings.satellites).toMatchObject([
      { origin: 'http://satellite.master.1.example.com:5001' },
      { origin: 'http://satellite.master.2.example.com:5001' },
    ]);
    expect(settings).toMatchObject({
      prefix: 'mesos/slave/',
      host: undefined,
      agent: { origin: 'http://localhost:5051' },
      warnings: [],
    });
    expect(settings.environment['PATH']).toBe('/bin/:/usr/bin/:/sbin/:/usr/sbin/');
    expect(settings.comets.map(({ periodMs, timeoutMs }) => [periodMs, timeoutMs])).toEqual(
      Array(10).fill([60_000, 10_000]),
    );
    expect(settings.comets.flatMap(({ comet: { services } }) => services)).toEqual([
      'free memory in MB',
      'free swap in MB',
      'percentage used of /tmp',
      'percentage used of /var',
      'percentage used of /tmp/mesos',
      'number of processes in uninterruptable sleep',
      'load average over past 15 minutes',
      'total-tasks-failed',
      'total-tasks-finished',
      'total-tasks-started',
    ]);
  });
});

test('config/slave.json, the example, is well', async () => {
  const settings = await readSlaveSettings('config/slave.json');
  expect(settings.warnings).toEqual([]);
  expect(settings.comets.length).toBeGreaterThan(5);
});

describe('wrong settings', () => {
  test.each<[string, object, string, RegExp]>([
    ['an unknown key', { foo: 1 }, 'foo', /one of satellites, service/],
    ['no satellites', { satellites: [] }, 'satellites', /at least one/],
    ['neither host nor url', { satellites: [{ port: 5001 }] }, 'satellites[0]', /either host \(and port\) or url/],
    ['host and url', { satellites: [{ host: 'a', url: 'http://a:1' }] }, 'satellites[0]', /either host/],
    [
      'a port in the host',
      { satellites: [{ host: 'master1:5001' }] },
      'satellites[0].host',
      /^"host": "master1", "port": 5001$/,
    ],
    [
      'a url in host',
      { satellites: [{ host: 'http://master1:5001/' }] },
      'satellites[0].host',
      /^"url": "http:\/\/master1:5001"$/,
    ],
    ['no host name', { satellites: [{ host: 'a..b' }] }, 'satellites[0].host', /a host name/],
    ['a port out of range', { satellites: [{ host: 'a', port: 70000 }] }, 'satellites[0].port', /1-65535/],
    [
      'port 5555',
      { satellites: [{ host: 'a', port: 5555 }] },
      'satellites[0].port',
      /"protocol": "riemann".*port 5001/,
    ],
    ['port 5555 in a url', { satellites: [{ url: 'http://a:5555' }] }, 'satellites[0].url', /"protocol": "riemann"/],
    ['a url with a path', { satellites: [{ url: 'http://a:1/x' }] }, 'satellites[0].url', /without path/],
    ['a url of another kind', { satellites: [{ url: 'ftp://a:1' }] }, 'satellites[0].url', /http/],
    [
      'a url without scheme',
      { satellites: [{ url: 'master1:5001' }] },
      'satellites[0].url',
      /^"http:\/\/master1:5001"$/,
    ],
    ['a url of a name alone', { satellites: [{ url: 'master1' }] }, 'satellites[0].url', /^"http:\/\/master1:5001"$/],
    [
      'an agent without scheme',
      { 'mesos-agent-url': 'localhost:5051' },
      'mesos-agent-url',
      /^"http:\/\/localhost:5051"$/,
    ],
    [
      'an address without scheme',
      { satellites: [{ url: '10.0.0.1:5001' }] },
      'satellites[0].url',
      /^"http:\/\/10\.0\.0\.1:5001"$/,
    ],
    [
      'credentials without a file',
      { 'mesos-credentials': { principal: 'a' } },
      'mesos-credentials.secret-file',
      /path of a file/,
    ],
    [
      'credentials with a missing file',
      { 'mesos-credentials': { principal: 'a', 'secret-file': '/nowhere' } },
      'mesos-credentials.secret-file',
      /readable file/,
    ],
    ['no attempts', comet({ attempts: 0 }), 'comets[0].attempts', /1-100/],
    ['a retry-period that is none', comet({ 'retry-period': 'soon' }), 'comets[0].retry-period', /duration/],
    ['a retry-period too short', comet({ 'retry-period': '1ms' }), 'comets[0].retry-period', /100ms/],
    ['an impossible port in a url', { satellites: [{ url: 'http://a:99999' }] }, 'satellites[0].url', /port/],
    [
      'a url of a Riemann',
      { satellites: [{ url: 'http://a:5555', protocol: 'riemann' }] },
      'satellites[0].url',
      /host and port only/,
    ],
    ['a Riemann nowhere', { satellites: [{ protocol: 'riemann' }] }, 'satellites[0].host', /the host of a Riemann/],
    ['another protocol', { satellites: [{ host: 'a', protocol: 'x' }] }, 'satellites[0].protocol', /"riemann"/],
    [
      'a token file that is missing',
      { satellites: [{ host: 'a', 'token-file': '/nowhere' }] },
      'satellites[0].token-file',
      /readable/,
    ],
    [
      'a token file without a token',
      { satellites: [{ host: 'a', 'token-file': '/dev/null' }] },
      'satellites[0].token-file',
      /token/,
    ],
    ['TLS files without https', { satellites: [{ host: 'a', ca: ORIGINAL }] }, 'satellites[0]', /"https:\/\/a:5001"/],
    [
      'a certificate without key',
      { satellites: [{ url: 'https://a:1', cert: ORIGINAL }] },
      'satellites[0]',
      /both or none/,
    ],
    ['a name that is none', { 'slave-host': 'a b' }, 'slave-host', /a host name/],
    ['an agent with a path', { 'mesos-agent-url': 'http://a:5051/state' }, 'mesos-agent-url', /without path/],
    ['an impossible agent', { 'mesos-agent-url': 'http://a:99999' }, 'mesos-agent-url', /host:port/],
    ['an environment of numbers', { 'safe-env': { A: 1 } }, 'safe-env.A', /string/],
    ['an unknown recipe', comet({ name: 'x/free-memroy' }), 'comets[0].name', /free-memory, free-swap/],
    ['no period', comet({ period: undefined }), 'comets[0].period', /a value|duration/],
    ['a period that is none', comet({ period: 'often' }), 'comets[0].period', /duration/],
    ['a period too short', comet({ period: '5ms' }), 'comets[0].period', /100ms/],
    ['a timeout that is none', comet({ timeout: [] }), 'comets[0].timeout', /duration|number/],
    ['a threshold as text', comet({ params: { threshold: '50' } }), 'comets[0].params.threshold', /number of MB/],
    ['no threshold', comet({ params: {} }), 'comets[0].params.threshold', /number of MB/],
    ['an unknown param', comet({ params: { threshold: 1, path: '/' } }), 'comets[0].params.path', /threshold/],
    ['a relative path', comet({ name: 'file-exists', params: { path: 'x' } }), 'comets[0].params.path', /absolute/],
    [
      'an empty command',
      comet({ name: 'command', params: { command: ' ', service: 'x' } }),
      'comets[0].params.command',
      /a command/,
    ],
    [
      'a command of numbers',
      comet({ name: 'nagios', params: { command: ['a', 1], service: 'x' } }),
      'comets[0].params.command[1]',
      /word/,
    ],
    [
      'a service with a control character',
      comet({ name: 'command', params: { command: 'a', service: 'a\nb' } }),
      'comets[0].params.service',
      /name of the event/,
    ],
    ['a missing module', { 'custom-comets': '/nowhere.mjs' }, 'custom-comets', /default export/],
  ])('%s', async (_name, settings, path, expected) => {
    expect((await problemsOf(settingsFile(settings)))[path]).toMatch(expected);
  });

  test('everything is reported at once', async () => {
    const file = settingsFile({ foo: 1, satellites: [{ port: 1 }], comets: [{ name: 'x', period: 0, params: {} }, 7] });
    expect(Object.keys(await problemsOf(file)).sort()).toEqual([
      'comets[0].name',
      'comets[0].period',
      'comets[1]',
      'foo',
      'satellites[0]',
    ]);
  });

  test.each(['', '[]', 'null', '{"satellites": 1, "comets": 1}', '{', '"x"'])(
    '%j is no settings file',
    async (text) => {
      await expect(readSlaveSettings(fileWith(text))).rejects.toThrow(SettingsError);
    },
  );

  test('a file that is missing', async () => {
    await expect(readSlaveSettings('/nowhere/slave.json')).rejects.toThrow(/nowhere.*readable JSON/);
  });
});

describe('allowed, with a warning', () => {
  test.each<[string, object, RegExp]>([
    [
      "the original's store of cache-state",
      comet({ name: 'cache-state', params: { store: 'x', threshold: 1 } }),
      /comets\[0\]\.params: store is the original's and has no meaning here/,
    ],
    [
      'a program that is missing',
      comet({ name: 'nagios', params: { command: '/nowhere/check_x -w 1', service: 'x' } }),
      /comets\[0\]: \/nowhere\/check_x is not there; its state will be unknown/,
    ],
    [
      'a program that is not in the PATH of safe-env',
      comet({ name: 'command', params: { command: ['no-such-program'], service: 'x' } }),
      /comets\[0\]: no-such-program is not there/,
    ],
    [
      'a program that is not executable',
      comet({ name: 'command', params: { command: ['/etc/passwd'], service: 'x' } }),
      /comets\[0\]: \/etc\/passwd is not executable/,
    ],
    [
      'a retry-period without attempts',
      comet({ 'retry-period': '5s' }),
      /comets\[0\]\.retry-period: has no effect without/,
    ],
    [
      'a retry-period beyond the period',
      comet({ attempts: 2, 'retry-period': '5m' }),
      /has no effect, as it is longer/,
    ],
    ['another prefix', { service: 'x/' }, /only services below "mesos\/slave\/" decide/],
    [
      'two of a name',
      { comets: Array(2).fill(comet({}).comets[0]) },
      /two comets send the service "free memory in MB"/,
    ],
    [
      'no agent to ask',
      { 'mesos-agent-url': null, ...comet({ name: 'total-tasks-failed', params: {} }) },
      /sends no events/,
    ],
  ])('%s', async (_name, settings, warning) => {
    const { warnings } = await readSlaveSettings(settingsFile(settings));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(warning);
  });

  test('a Riemann beside masters; comets of a missing agent are left out', async () => {
    const settings = await readSlaveSettings(
      settingsFile({
        satellites: [{ host: 'r', protocol: 'riemann' }, { url: 'https://m:5001/' }, { host: '::1', port: 7 }],
        'mesos-agent-url': null,
        ...comet({ name: 'total-tasks-failed', params: {} }),
      }),
    );
    expect(settings.satellites).toMatchObject([
      { protocol: 'riemann', host: 'r', port: 5555 },
      { protocol: 'http', origin: 'https://m:5001' },
      { protocol: 'http', origin: 'http://[::1]:7' },
    ]);
    expect(settings.comets).toEqual([]);
  });
});

describe('what is wrong is named in words that say what to write', () => {
  test.each<[string, string | object, string]>([
    ['a mistyped key', { commets: [] }, 'unknown key `commets`, did you mean `comets`?'],
    [
      'a mistyped key of a master',
      { satellites: [{ hots: 'a' }] },
      'satellites[0]: unknown key `hots`, did you mean `host`?',
    ],
    [
      'a mistyped param',
      comet({ params: { treshold: 1 } }),
      'comets[0].params: unknown key `treshold`, did you mean `threshold`?',
    ],
    [
      'a mistyped comet',
      comet({ name: 'x/free-memroy' }),
      'comets[0].name: unknown comet "x/free-memroy", did you mean "free-memory"?',
    ],
    ['JSON that ends', '{"satellites": [\n', 'not valid JSON: line 2, column 1: found the end'],
    ['a comma too many', '{"comets": [],}', 'not valid JSON: line 1, column 15: found "}"'],
  ])('%s', async (_name, settings, text) => {
    const file = typeof settings === 'string' ? fileWith(settings) : settingsFile(settings);
    const error: unknown = await readSlaveSettings(file).catch((thrown: unknown) => thrown);
    expect(String((error as Error).message).split('\n')).toContain(`${file}: ${text}`);
  });
});

test('times of a comet are seconds or durations', async () => {
  const settings = await readSlaveSettings(
    settingsFile({ comets: [{ ...comet({}).comets[0], period: '1m30s', timeout: 2 }] }),
  );
  expect(settings.comets[0]).toMatchObject({ periodMs: 90_000, timeoutMs: 2_000 });
});

describe('custom comets', () => {
  const MODULE = `export default {
    gpus: ({ least }) => {
      if (typeof least !== 'number') throw new Error('least is no number');
      return {
        services: ['gpus'],
        run: () => ({ service: 'gpus', state: 'ok' }),
      };
    },
    nothing: () => ({ run: () => undefined }),
    broken: () => 7,
  };`;

  async function custom(name: string, params: object) {
    const module = fileWith(MODULE, 'comets.mjs');
    const { comets } = await readSlaveSettings(
      settingsFile({ 'custom-comets': module, comets: [{ name, period: '1s', params }] }),
    );
    const [first] = comets;
    if (!first) throw new Error('no comet');
    return first;
  }

  test('may be written in TypeScript', async () => {
    const module = fileWith(
      'const least: number = 4;\nexport default { gpus: () => ({ run: () => ({ service: "gpus", metric: least, state: "ok" }) }) };\n',
      'comets.ts',
    );
    const { comets } = await readSlaveSettings(
      settingsFile({ 'custom-comets': module, comets: [{ name: 'gpus', period: '1s' }] }),
    );
    expect(comets[0] && (await runComet(comets[0]))).toMatchObject([{ service: 'gpus', metric: 4, state: 'ok' }]);
  });

  test('are loaded as they are now when the settings are read again', async () => {
    const module = fileWith('export default { a: () => ({ services: ["one"], run: () => [] }) };', 'comets.mjs');
    const file = settingsFile({ 'custom-comets': module, comets: [{ name: 'a', period: '1s' }] });
    const [before] = (await readSlaveSettings(file)).comets;
    writeFileSync(module, 'export default { a: () => ({ services: ["two"], run: () => [] }) };');
    const [after] = (await readSlaveSettings(file)).comets;
    expect([before?.comet.services, after?.comet.services]).toEqual([['one'], ['two']]);
    expect(before?.identity).not.toBe(after?.identity);
  });

  test('that return nothing are unknown under their own name', async () => {
    expect(await runComet(await custom('nothing', {}))).toMatchObject([
      { service: 'nothing', state: 'unknown', description: 'the comet returned nothing' },
    ]);
  });

  test.each([
    ['gpus', /comets\[0\].params: found least is no number/],
    ['broken', /comets\[0\].params: found the function broken returned no object/],
    ['missing', /comets\[0\].name: .*gpus, nothing, broken/],
  ])('%s with wrong params is wrong settings', async (name, message) => {
    await expect(custom(name, {})).rejects.toThrow(message);
  });

  test.each([
    ['export default 7', /no object as default export/],
    ['export const a = 1', /no object as default export/],
    ['export default { a: 1 }', /a is not a function/],
    ['export default { "free-memory": () => ({}) }', /free-memory.*no built-in comet has/],
    ['throw new Error("at load")', /at load/],
    ['}', /custom-comets/],
  ])('the module %j is wrong settings', async (text, message) => {
    const module = join(temporaryFolder(), 'comets.mjs');
    writeFileSync(module, text);
    await expect(readSlaveSettings(settingsFile({ 'custom-comets': module }))).rejects.toThrow(message);
  });
});

test('the fixture is the original, whole', () => {
  expect(Object.keys(JSON.parse(readFileSync(ORIGINAL, 'utf8')) as object)).toEqual([
    'satellites',
    'service',
    'comets',
  ]);
});
