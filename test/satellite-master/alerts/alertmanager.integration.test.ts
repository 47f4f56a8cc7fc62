/** Against Debian's Alertmanager, a real one. Its clock is the machine's: so is the wall time of the alerts here. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { alertOf } from '../../../satellite-master/alerts/alert/alert.ts';
import { alertmanagerBody } from '../../../satellite-master/alerts/channels/alertmanager.ts';
import { StubServer } from '../../satellite-slave/support/stub-server.ts';
import { type AlertmanagerServer, startAlertmanager } from '../../support/alertmanager.ts';
import { until } from '../../support/until.ts';
import { AlertsHarness, START_S } from './support/harness.ts';

let receiver: StubServer;
let alertmanager: AlertmanagerServer;
let harness: AlertsHarness;

beforeAll(async () => {
  receiver = new StubServer(() => ({ status: 200 }));
  alertmanager = await startAlertmanager(`${await receiver.listen()}/`);
});

afterAll(async () => {
  await alertmanager.dispose();
  await receiver.close();
});

beforeEach(() => {
  harness = new AlertsHarness();
  harness.clock.setWall(Date.now());
});

afterEach(() => harness.dispose());

function event(state: string) {
  return { host: 'a1.example', service: 'disk', state, time: Date.now() / 1000, metric: 0.97, description: '97 %' };
}

/** What it told its receiver: the status of each alert, newest last. */
function told(): string[] {
  return receiver.requests.flatMap(({ body }) =>
    (JSON.parse(body) as { alerts: { status: string; labels: { alertname: string } }[] }).alerts.map(
      ({ status, labels }) => `${labels.alertname} ${status}`,
    ),
  );
}

describe('alertmanager', () => {
  it('burns in a real one while it is open, and is resolved there', async () => {
    const channel = harness.rules.functions.alertmanager({ url: `${alertmanager.url}/`, labels: { team: 'ops' } });
    channel(event('critical'));
    const [burning] = await until(
      async () => {
        const alerts = await alertmanager.alerts();
        return alerts.length > 0 && alerts;
      },
      { what: 'an alert' },
    );
    expect(burning).toMatchObject({
      labels: { alertname: 'disk', instance: 'a1.example', severity: 'critical', team: 'ops' },
      annotations: { summary: 'a1.example disk is critical', description: '97 %', metric: '0.97', state: 'critical' },
      status: { state: 'active' },
    });
    const minutesLeft = (Date.parse(burning?.endsAt ?? '') - Date.now()) / 60_000;
    expect(Math.round(minutesLeft)).toBe(4);
    await until(() => told().at(-1) === 'disk firing', { what: 'its receiver to be told' });

    channel(event('ok'));
    await until(async () => (await alertmanager.alerts()).length === 0, { what: 'no alert' });
    await until(() => told().at(-1) === 'disk resolved', { what: 'its receiver to be told of the end' });
  });

  it('is kept alight every minute, so that it does not end by itself', async () => {
    const channel = harness.rules.functions.alertmanager({ url: alertmanager.url });
    channel({ ...event('critical'), service: 'swap' });
    const end = async () => {
      const alert = (await alertmanager.alerts()).find(({ labels }) => labels['alertname'] === 'swap');
      return alert && Date.parse(alert.endsAt);
    };
    const first = await until(end, { what: 'the alert' });
    for (let seconds = 0; seconds < 60; seconds++) await harness.pass(1000);
    await harness.tried('alertmanager', 'sent', 2);
    expect((await until(end, { what: 'the alert' })) - first).toBe(60_000);
    channel({ ...event('ok'), service: 'swap' });
    await harness.tried('alertmanager', 'sent', 3);
  });
});

describe('what it is sent', () => {
  it('begins before it ends, has a label for a key of its own, and none for this master', () => {
    const at = { nowS: START_S, repeatMs: 60_000 };
    const ahead = alertOf(
      { service: 'disk', state: 'ok', time: START_S + 9 },
      { key: () => 'my key' },
      'self',
      START_S,
    );
    const body = alertmanagerBody(ahead ? [ahead] : [], {}, at);
    expect(body).toEqual([
      {
        labels: { alertname: 'disk', severity: 'info', key: 'my key' },
        annotations: { summary: 'disk is ok', source: 'self', state: 'ok' },
        startsAt: '2026-09-21T14:13:20.000Z',
        endsAt: '2026-09-21T14:13:20.000Z',
      },
    ]);
  });
});
