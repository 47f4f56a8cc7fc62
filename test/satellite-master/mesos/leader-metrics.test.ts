import { expect, test } from 'vitest';
import { LeaderFigures } from '../../../satellite-master/mesos/metrics/leader-metrics.ts';
import { byPath, MesosServer, raw } from './support/mesos-server.ts';

test('what goes wrong is told with the address', async () => {
  const server = await MesosServer.start(byPath({ '/metrics/snapshot': raw('<html>') }));
  const figures = new LeaderFigures({ url: `${server.url}/below/`, credentials: undefined });
  const { url } = server;
  await expect(figures.figuresOf(url)).rejects.toThrow(`${url}/metrics/snapshot: `);
  await server.close();
  await expect(figures.leader()).rejects.toThrow(`${url}/below/redirect: `);
  await figures.close();
});
