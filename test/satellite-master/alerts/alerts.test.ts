/** The channels of rules modules together: options, sharing, hand-over, what alerts say of themselves. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RecordedAlert, recordChannels } from '../../../satellite-master/alerts/index.ts';
import { StubServer } from '../../satellite-slave/support/stub-server.ts';
import { until } from '../../support/until.ts';
import { AlertsHarness } from './support/harness.ts';

const CRITICAL = { host: 'a1.example', service: 'disk', state: 'critical' };
const OK = { ...CRITICAL, state: 'ok' };

let harness: AlertsHarness;
let server: StubServer;

beforeEach(async () => {
  harness = new AlertsHarness();
  server = new StubServer(() => ({ status: 200 }));
  await server.listen();
});

afterEach(async () => {
  await harness.dispose();
  await server.close();
});

/** `SERVICE STATE` of each alert that arrived. */
function arrived(): string[] {
  return server.requests.flatMap(({ body }) =>
    (JSON.parse(body) as { alerts: { service: string; state: string }[] }).alerts.map(
      ({ service, state }) => `${service} ${state}`,
    ),
  );
}

async function untilArrived(...alerts: string[]): Promise<void> {
  await until(() => arrived().join() === alerts.join(), { what: alerts.join() }).catch(() => undefined);
  expect(arrived()).toEqual(alerts);
}

describe('options', () => {
  type Options = Readonly<Record<string, unknown>>;
  it.each<[string, Options | string, string]>([
    ['webhook', {}, 'webhook: "url" must be an address http[s]://host[:port]/... without user and password'],
    ['webhook', 'http://x/', 'webhook: needs its options as an object, not "http://x/"'],
    ['webhook', { url: 'ftp://secret@host' }, '"url" must be an address'],
    ['webhook', { url: 'http://x', uri: 1 }, 'webhook: "uri" is not an option of it'],
    ['webhook', { url: 'http://x', secretFile: '/nowhere/at-all' }, '"secretFile" can\'t be read from /nowhere/at-all'],
    ['webhook', { url: 'http://x', headers: { 'a b': 'c' } }, '"headers" : "a b" or its value is not fit for a header'],
    ['webhook', { url: 'http://x', repeat: 'often' }, '"repeat" must be a duration such as 30'],
    ['webhook', { url: 'http://x', name: 'a b' }, '"name" must be up to 64 letters'],
    [
      'webhook',
      { url: 'http://x', expired: 'maybe' },
      '"expired" must be one of trigger, resolve, ignore, not "maybe"',
    ],
    ['webhook', { url: 'http://x', severity: 'high' }, '"severity" must be one of critical, error, warning, info'],
    ['webhook', { url: 'http://x', key: 'host' }, '"key" must be a function, not "host"'],
    [
      'email',
      { from: 'me', to: [] },
      'email: "to" must be a text or a list of texts, not []; "from" must hold addresses',
    ],
    ['email', { from: 'a@b', to: 'c@d', port: 0 }, 'email: "port" must be a port, not 0'],
    ['email', { from: 'a@b', to: 'c@d', auth: { user: 'x', password: 'y' } }, '"auth" must be {user, passwordFile}'],
    ['pagerduty', {}, 'pagerduty: "routingKeyFile" or "routingKey" must be given, one of both'],
    ['slack', {}, 'slack: "webhookUrlFile" or "url" must be given, one of both'],
    ['alertmanager', { url: 'http://x', labels: { severity: 'x' } }, '"labels" : "severity" is no name of a label'],
  ])('%s %j', (kind, options, message) => {
    const make = harness.rules.functions as unknown as Record<string, (options: unknown) => unknown>;
    expect(() => make[kind]?.(options)).toThrow(message);
  });

  it('of a wrong secret are not shown', () => {
    const hook = () =>
      harness.rules.functions.webhook({ url: 'http://user:top-secret@host/', headers: { a: 'b\nsecret' } });
    expect(hook).toThrow('"url"');
    expect(hook).not.toThrow(/secret@|b\\n/);
  });
});

describe('a channel', () => {
  it('is the same wherever its options are the same, inside by as well', async () => {
    for (const host of ['a1', 'a2', 'a1'])
      harness.rules.functions.webhook({ url: server.origin })({ ...CRITICAL, host });
    await untilArrived('disk trigger', 'disk trigger');
    expect(await harness.count('satellite_alerts_open{channel="webhook"}')).toBe(2);
  });

  it('of other options has another name; a name stands for one channel', () => {
    const { webhook } = harness.rules.functions;
    webhook({ url: server.origin });
    webhook({ url: `${server.origin}/2` });
    webhook({ url: `${server.origin}/3`, name: 'third' });
    expect(() => webhook({ url: `${server.origin}/4`, name: 'third' })).toThrow(
      'webhook: "name" "third" is that of another',
    );
    harness.alerts.tick();
    expect(harness.own.map(({ service }) => service)).toEqual([
      'satellite/dead-man',
      'satellite/alerts/webhook',
      'satellite/alerts/webhook-2',
      'satellite/alerts/third',
    ]);
  });

  it('lives through a new version of the rules, with what is open in it', async () => {
    harness.rules.functions.webhook({ url: server.origin })(CRITICAL);
    await untilArrived('disk trigger');
    const next = harness.alerts.openModule();
    const hook = next.functions.webhook({ url: server.origin });
    harness.rules.release();
    hook(CRITICAL);
    hook(OK);
    await untilArrived('disk trigger', 'disk resolve');
  });

  it('that no rule uses any more says a last ok, which does not run out', async () => {
    harness.rules.functions.webhook({ url: server.origin });
    harness.alerts.tick();
    harness.own.length = 0;
    harness.rules.release();
    await harness.pass(60_000);
    await harness.pass(60_000);
    const said = harness.own.filter(({ service }) => service === 'satellite/alerts/webhook');
    expect(said.map(({ state, ttl }) => [state, ttl > 86_400])).toEqual([['ok', true]]);
  });

  it('of rules that were not sound leaves no trace', async () => {
    const unsound = harness.alerts.openModule();
    unsound.functions.webhook({ url: server.origin });
    unsound.release();
    await harness.pass(60_000);
    expect(harness.own.map(({ service }) => service)).toEqual(['satellite/dead-man']);
  });

  it('is not made for each host', () => {
    const make = (at: number) => harness.rules.functions.webhook({ url: `${server.origin}/${at}` });
    for (let at = 0; at < 100; at++) make(at);
    expect(() => make(100)).toThrow('webhook: is the channel beyond 100 of one rules module');
  });

  it('ends the troubles of a host that left the inventory', async () => {
    const hook = harness.rules.functions.webhook({ url: server.origin });
    hook([CRITICAL, { ...CRITICAL, host: 'a2.example', service: 'swap' }]);
    await untilArrived('disk trigger', 'swap trigger');
    harness.alerts.dropHost('a1.example' as Parameters<typeof harness.alerts.dropHost>[0]);
    await untilArrived('disk trigger', 'swap trigger', 'disk resolve');
  });
});

describe('a hand-over', () => {
  it('makes the new leader say what is open, once, and the old one fall silent', async () => {
    const other = new AlertsHarness();
    other.leads = false;
    other.alerts.leadershipChanged();
    const here = harness.rules.functions.webhook({ url: server.origin });
    const there = other.rules.functions.webhook({ url: server.origin });
    for (const hook of [here, there]) hook(CRITICAL);
    await untilArrived('disk trigger');

    harness.leads = false;
    harness.alerts.leadershipChanged();
    other.leads = true;
    other.alerts.leadershipChanged();
    await untilArrived('disk trigger', 'disk trigger');
    for (let round = 0; round < 3; round++) for (const one of [harness, other]) await one.pass(1000);
    for (const hook of [here, there]) {
      hook({ ...CRITICAL, service: 'swap' });
      hook(OK);
    }
    await untilArrived('disk trigger', 'disk trigger', 'swap trigger', 'disk resolve');
    await other.dispose();
  });
});

describe('losing the lead', () => {
  it('leaves what waits to the next leader', async () => {
    let status = 503;
    const slow = new StubServer(() => ({ status }));
    await slow.listen();
    harness.rules.functions.webhook({ url: slow.origin })(CRITICAL);
    await harness.tried('webhook', 'failed', 1);
    harness.leads = false;
    harness.alerts.leadershipChanged();
    status = 200;
    for (let seconds = 0; seconds < 10; seconds++) await harness.pass(1000);
    expect(await harness.count('satellite_alerts_dropped_total{channel="webhook",reason="not-leading"}')).toBe(1);
    expect(await harness.count('satellite_alerts_waiting{channel="webhook"}')).toBe(0);
    expect(slow.requests).toHaveLength(1);
    await slow.close();
  });
});

describe('the dead man', () => {
  it('lives once a minute, and reaches a switch each time', async () => {
    const hook = harness.rules.functions.webhook({ url: server.origin, heartbeat: true });
    for (let minutes = 0; minutes < 3; minutes++) {
      for (let left = 60; left > 0; left--) await harness.pass(1000);
      for (const event of harness.own.splice(0)) if (event.service === 'satellite/dead-man') hook(event);
      await harness.tried('webhook', 'sent', minutes + 1);
    }
    expect(arrived()).toEqual(Array(3).fill('satellite/dead-man trigger'));
  });

  it('is not to be heard from a master that does not lead', async () => {
    harness.leads = false;
    harness.alerts.leadershipChanged();
    const hook = harness.rules.functions.webhook({ url: server.origin, heartbeat: true });
    await harness.pass(60_000);
    expect(harness.said('satellite/dead-man')).toMatchObject({ state: 'ok', ttl: 180 });
    for (const event of harness.own) hook(event);
    harness.leads = true;
    harness.alerts.leadershipChanged();
    hook({ service: 'marker', state: 'critical' });
    await untilArrived('marker trigger');
  });
});

describe('the recorder', () => {
  it('writes down what would be sent, and needs no secret', () => {
    const seen: RecordedAlert[] = [];
    const { clock } = harness;
    const recorder = recordChannels({ clock, self: 'bench', record: (alert) => seen.push(alert) });
    const page = recorder.functions.pagerduty({ routingKeyFile: '/nowhere', repeat: '1h' });
    page(CRITICAL);
    clock.advance(3_600_000);
    recorder.tick();
    page([OK]);
    expect(seen.map(({ channel, state, reason }) => `${channel} ${state} ${reason}`)).toEqual([
      'pagerduty trigger first',
      'pagerduty trigger repeat',
      'pagerduty resolve resolved',
    ]);
    expect(() => recorder.functions.slack({})).toThrow('slack: "webhookUrlFile" or "url"');
  });
});
