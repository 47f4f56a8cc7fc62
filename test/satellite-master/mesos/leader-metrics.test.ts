import { expect, test } from 'vitest';
import { LeaderMetrics } from '../../../satellite-master/mesos/metrics/leader-metrics.ts';
import { MesosClient } from '../../../shared/mesos/client.ts';
import { byPath, MesosServer, raw } from './support/mesos-server.ts';

test('what goes wrong is told with the address', async () => {
  const server = await MesosServer.start(byPath({ '/metrics/snapshot': raw('<html>') }));
  const local = new MesosClient({ url: `${server.url}/below/`, role: 'master' });
  const figures = new LeaderMetrics(local);
  const { url } = server;
  await expect(figures.figuresOf(url)).rejects.toThrow(`${url}/metrics/snapshot: `);
  await server.close();
  await expect(figures.leader()).rejects.toThrow(`${url}/below/redirect: `);
  await figures.close();
  await local.close();
});
