/** Webhook, PagerDuty and Slack against a real HTTP server, by the fields that their APIs document. */
import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { alertOf } from '../../../satellite-master/alerts/alert/alert.ts';
import { slackBody } from '../../../satellite-master/alerts/channels/slack.ts';
import { type Reply, type Request, StubServer } from '../../satellite-slave/support/stub-server.ts';
import { until } from '../../support/until.ts';
import { AlertsHarness, START_S } from './support/harness.ts';

const DISK = { host: 'a1.example', service: 'disk', time: START_S - 5, ttl: 60 };
const CRITICAL = { ...DISK, state: 'critical', metric: 0.97, description: '97 % <full>', attributes: { rack: 'r1' } };
const OK = { ...DISK, state: 'ok', time: START_S };

let harness: AlertsHarness;
let server: StubServer;
let reply: (request: Request) => Reply;

beforeEach(async () => {
  harness = new AlertsHarness();
  reply = () => ({ status: 202 });
  server = new StubServer((request) => reply(request));
  await server.listen();
});

afterEach(async () => {
  await harness.dispose();
  await server.close();
});

async function requests(count: number): Promise<readonly Request[]> {
  await until(() => server.requests.length >= count, { what: `${count} requests` });
  return server.requests;
}

function bodyOf(request: Request | undefined): unknown {
  return JSON.parse(request?.body ?? 'null');
}

describe('webhook', () => {
  it('posts triggers and resolves, signed, with the headers and token of the user', async () => {
    const hook = harness.rules.functions.webhook({
      url: `${server.origin}/hook?team=ops`,
      headers: { 'x-team': 'ops' },
      secretFile: harness.file('hmac', 'signing-key\n'),
      tokenFile: harness.file('token', 'bearer-token\n'),
    });
    hook(CRITICAL);
    hook(CRITICAL);
    const [first] = await requests(1);
    expect(bodyOf(first)).toEqual({
      alerts: [
        {
          key: 'a1.example disk',
          state: 'trigger',
          severity: 'critical',
          summary: 'a1.example disk is critical',
          source: 'a1.example',
          host: 'a1.example',
          service: 'disk',
          eventState: 'critical',
          description: '97 % <full>',
          metric: 0.97,
          time: START_S - 5,
          since: START_S - 5,
          labels: { rack: 'r1' },
        },
      ],
    });
    expect([first?.method, first?.path]).toEqual(['POST', '/hook?team=ops']);
    const signature = createHmac('sha256', 'signing-key')
      .update(first?.body ?? '')
      .digest('hex');
    expect(first?.headers).toMatchObject({
      'content-type': 'application/json',
      'x-team': 'ops',
      authorization: 'Bearer bearer-token',
      'x-satellite-signature-256': `sha256=${signature}`,
    });
    await harness.tried('webhook', 'sent', 1);
    hook(OK);
    const [, second] = await requests(2);
    expect(bodyOf(second)).toMatchObject({
      alerts: [{ key: 'a1.example disk', state: 'resolve', time: START_S, since: START_S - 5 }],
    });
  });

  it('puts the events of a rollup into one message', async () => {
    const hook = harness.rules.functions.webhook({ url: server.origin });
    hook([CRITICAL, { ...CRITICAL, service: 'swap' }, OK, { ...OK, service: 'never-ill' }]);
    const [only] = await requests(1);
    expect(bodyOf(only)).toMatchObject({
      alerts: [
        { service: 'swap', state: 'trigger' },
        { service: 'disk', state: 'resolve' },
      ],
    });
    await harness.tried('webhook', 'sent', 2);
    expect(server.requests).toHaveLength(1);
    expect(await harness.count('satellite_alerts_dropped_total{channel="webhook",reason="superseded"}')).toBe(1);
  });

  it('tries again after a 503 as late as it was asked, and reads its secrets anew', async () => {
    const token = harness.file('token', 'old-token');
    const hook = harness.rules.functions.webhook({ url: server.origin, tokenFile: token });
    reply = () => ({ status: 503, headers: { 'retry-after': '30' } });
    hook(CRITICAL);
    await harness.tried('webhook', 'failed', 1);
    harness.file('token', 'new-token');
    reply = () => ({ status: 200 });
    await harness.pass(29_000);
    expect(server.requests).toHaveLength(1);
    await harness.pass(1_000);
    await harness.tried('webhook', 'sent', 1);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer old-token',
      'Bearer new-token',
    ]);
  });

  it.each([400, 401, 404, 301])('takes a %i as final, and says so of itself until something passes', async (status) => {
    const hook = harness.rules.functions.webhook({ url: server.origin, name: 'ops' });
    reply = () => ({ status, body: 'no such thing' });
    hook(CRITICAL);
    await harness.tried('ops', 'refused', 1);
    await harness.pass(600_000);
    expect(server.requests).toHaveLength(1);
    expect(harness.said('satellite/alerts/ops')).toMatchObject({
      state: 'critical',
      description: `alerts can not be sent: ${server.origin} answered ${status}: no such thing`,
    });
    expect(await harness.count('satellite_alerts_dropped_total{channel="ops",reason="refused"}')).toBe(1);
    reply = () => ({ status: 200 });
    hook(OK);
    await harness.tried('ops', 'sent', 1);
    await harness.pass(1000);
    expect(harness.said('satellite/alerts/ops')?.state).toBe('ok');
  });

  it('gives up on an answer that does not come in time', async () => {
    const hook = harness.rules.functions.webhook({ url: server.origin, timeout: '200ms' });
    reply = () => undefined;
    hook(CRITICAL);
    await harness.tried('webhook', 'failed', 1);
    expect(await harness.readable()).toContain('no answer within 200ms');
  });

  it('shows no secret, not even where the server repeats all of them', async () => {
    const secrets = ['hook-path-secret', 'query-secret', 'header-secret', 'token-secret', 'signing-secret'];
    const hook = harness.rules.functions.webhook({
      url: `${server.origin}/hook-path-secret?key=query-secret`,
      headers: { 'x-key': 'header-secret' },
      tokenFile: harness.file('token', 'token-secret'),
      secretFile: harness.file('hmac', 'signing-secret'),
    });
    reply = ({ path, headers }) => ({ status: 500, body: `${path} ${JSON.stringify(headers)} ${secrets.join(' ')}` });
    hook(CRITICAL);
    for (let tries = 1; tries <= 3; tries++) {
      await harness.tried('webhook', 'failed', tries);
      await harness.pass(10_000);
    }
    expect(harness.said('satellite/alerts/webhook')?.state).toBe('critical');
    const all = await harness.readable();
    expect(all).toContain('[redacted]');
    for (const secret of secrets) expect(all).not.toContain(secret);
  });
});

describe('pagerduty', () => {
  it("sends the Events API's trigger and resolve under one dedup_key", async () => {
    const page = harness.rules.functions.pagerduty({
      routingKeyFile: harness.file('key', 'R0UT1NGKEY\n'),
      url: `${server.origin}/v2/enqueue`,
    });
    page(CRITICAL);
    const [first] = await requests(1);
    expect(first?.path).toBe('/v2/enqueue');
    expect(bodyOf(first)).toEqual({
      routing_key: 'R0UT1NGKEY',
      event_action: 'trigger',
      dedup_key: 'a1.example disk',
      client: 'Satellite',
      payload: {
        summary: 'a1.example disk is critical',
        source: 'a1.example',
        severity: 'critical',
        timestamp: '2026-09-21T14:13:15.000Z',
        component: 'disk',
        custom_details: { rack: 'r1', service: 'disk', state: 'critical', description: '97 % <full>', metric: 0.97 },
      },
    });
    await harness.tried('pagerduty', 'sent', 1);
    page(OK);
    const [, second] = await requests(2);
    expect(bodyOf(second)).toEqual({
      routing_key: 'R0UT1NGKEY',
      event_action: 'resolve',
      dedup_key: 'a1.example disk',
    });
  });

  it('takes one event a message, and makes a key of at most 255 letters that stays its own', async () => {
    const page = harness.rules.functions.pagerduty({ routingKey: 'R0UT1NGKEY', url: server.origin });
    page([`${'x'.repeat(300)}1`, `${'x'.repeat(300)}2`].map((service) => ({ ...CRITICAL, service })));
    const keys = (await requests(2)).map((one) => (bodyOf(one) as { dedup_key: string }).dedup_key);
    expect(new Set(keys).size).toBe(2);
    for (const key of keys) expect(key.length).toBeLessThanOrEqual(255);
  });

  it('waits after a 429, and shows no routing key', async () => {
    const page = harness.rules.functions.pagerduty({ routingKey: 'R0UT1NGKEY', url: server.origin });
    reply = ({ body }) => ({ status: 429, body });
    page(CRITICAL);
    await harness.tried('pagerduty', 'failed', 1);
    reply = () => ({ status: 202 });
    await harness.pass(1000);
    await harness.tried('pagerduty', 'sent', 1);
    expect(await harness.readable()).not.toContain('R0UT1NGKEY');
  });
});

describe('slack', () => {
  it('posts a text with coloured attachments in which nothing can ring or link', async () => {
    const slack = harness.rules.functions.slack({
      webhookUrlFile: harness.file('url', `${server.origin}/services/T0/B0/x\n`),
    });
    slack({ ...CRITICAL, description: '<!channel> & <https://evil.example|here>' });
    const [first] = await requests(1);
    expect(first?.path).toBe('/services/T0/B0/x');
    expect(bodyOf(first)).toEqual({
      text: 'a1.example disk is critical',
      mrkdwn: false,
      parse: 'none',
      link_names: false,
      unfurl_links: false,
      unfurl_media: false,
      attachments: [
        {
          color: '#b3261e',
          fallback: 'a1.example disk is critical',
          text: 'a1.example disk is critical\n&lt;!channel&gt; &amp; &lt;https:\u200b//evil.example|here&gt;\nmetric 0.97',
          mrkdwn_in: [],
          footer: 'a1.example',
          ts: START_S - 5,
        },
      ],
    });
    await harness.tried('slack', 'sent', 1);
    slack(OK);
    const [, second] = await requests(2);
    expect(bodyOf(second)).toMatchObject({
      text: 'Resolved: a1.example disk is ok',
      attachments: [{ color: '#2e7d32' }],
    });
  });

  it.each([
    ['see https://evil.example/a', 'see https:\u200b//evil.example/a'],
    ['see www.evil.example', 'see www\u200b.evil.example'],
    ['mailto:ops@example.com', 'mailto:\u200bops@\u200bexample.com'],
    [
      '*bold* and _it_, ~gone~ `code`',
      '*\u200bbold\u200b* and _\u200bit\u200b_, ~\u200bgone\u200b~ `\u200bcode\u200b`',
    ],
    ['> quoted', '\u200b&gt; quoted'],
    ['disk :fire: 12:30:45', 'disk :\u200bfire: 12:30:45'],
    ['@channel', '@\u200bchannel'],
    ['snake_case_name 2 * 3 a~b', 'snake_case_name 2 * 3 a~b'],
  ])('takes the meaning out of %j', (description, shown) => {
    const alert = alertOf({ ...CRITICAL, description }, {}, 'self', START_S);
    if (!alert) throw new Error('no alert');
    const { attachments } = slackBody([alert]) as { attachments: { text: string }[] };
    expect(attachments[0]?.text.split('\n')[1]).toBe(shown);
  });

  it('cuts a long text within no character and no escape, and keeps the metric', () => {
    for (let filler = 0; filler < 8; filler++)
      for (const end of ['😀', '&', '<', '\ud83d']) {
        const description = `${'x'.repeat(filler)}${end.repeat(4_000)}`;
        const alert = alertOf({ ...CRITICAL, description, service: end.repeat(600) }, {}, 'self', START_S);
        if (!alert) throw new Error('no alert');
        const body = slackBody([alert]) as { text: string; attachments: { text: string }[] };
        const text = body.attachments[0]?.text ?? '';
        expect(text.length).toBeLessThanOrEqual(3_000);
        expect(text.endsWith('\nmetric 0.97')).toBe(true);
        for (const one of [text, body.text]) {
          expect(one.isWellFormed()).toBe(true);
          expect(one.replaceAll(/&(amp|lt|gt);/g, '')).not.toContain('&');
        }
      }
  });

  it('puts at most twenty attachments into a message, and does not show its address', async () => {
    const slack = harness.rules.functions.slack({ url: `${server.origin}/services/T0/B0/slack-secret` });
    reply = ({ path }) => ({ status: 404, body: `no_service ${path}` });
    slack(Array.from({ length: 21 }, (_, at) => ({ ...CRITICAL, service: `s${at}` })));
    await harness.tried('slack', 'refused', 21);
    expect(server.requests.map((one) => (bodyOf(one) as { attachments: unknown[] }).attachments.length)).toEqual([
      20, 1,
    ]);
    await harness.pass(1000);
    expect(await harness.readable()).not.toContain('slack-secret');
  });
});
