import { expect, test } from 'vitest';
import { Metrics, setState } from '../../../satellite-master/stats/metrics.ts';

test('gauges are filled when they are asked for', async () => {
  const metrics = new Metrics({ ofProcess: false });
  let hosts = 1;
  metrics.onCollect(() => metrics.hosts.set({ list: 'on' }, hosts));
  expect(await metrics.text()).toMatch('satellite_hosts{list="on"} 1');
  hosts = 2;
  expect(await metrics.text()).toMatch('satellite_hosts{list="on"} 2');
});

test('a state is 1 for what holds and 0 for the others', async () => {
  const metrics = new Metrics({ ofProcess: false });
  const states = ['unread', 'whole', 'lost'];
  setState(metrics.storeState, 'state', states, 'whole');
  setState(metrics.storeState, 'state', states, 'lost');
  const text = await metrics.text();
  expect(text).toMatch('satellite_store_state{state="whole"} 0');
  expect(text).toMatch('satellite_store_state{state="lost"} 1');
});

test('Node tells of itself beside ours, and everything of ours begins with satellite_', async () => {
  const text = await new Metrics().text();
  expect(text).toMatch('nodejs_eventloop_lag_seconds');
  const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
  expect(names.filter((name) => !/^(satellite|nodejs|process)_/.test(name))).toEqual([]);
});
