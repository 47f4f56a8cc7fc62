/** Riemann's protocol over UDP: one message a datagram, never answered. */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { SatelliteError } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import { WireError } from '../../shared/riemann/index.ts';
import type { Metrics } from '../stats/index.ts';
import type { RiemannIntake } from './riemann-intake.ts';
import type { RiemannServer } from './riemann-tcp.ts';

/** As in Riemann: a larger datagram is dropped. */
const MAX_DATAGRAM_BYTES = 16_384;
/** Requested kernel buffer, for bursts. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

export interface RiemannUdpOptions {
  readonly intake: RiemannIntake;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** @param host an address or a name; decides between IPv4 and IPv6 */
export function createRiemannUdp({ intake, metrics, log }: RiemannUdpOptions, host: string): RiemannServer {
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES });
  let open = false;
  socket.on('message', (bytes) => {
    metrics.riemannMessages.inc({ transport: 'udp' });
    if (bytes.length > MAX_DATAGRAM_BYTES) return metrics.riemannDatagramsDropped.inc({ reason: 'too-large' });
    try {
      intake.ingest(bytes);
    } catch (error) {
      const reason = reasonOf(error);
      if (reason === 'fault') log.error({ err: error }, 'failed to ingest events of a datagram');
      metrics.riemannDatagramsDropped.inc({ reason });
    }
  });
  return {
    listen: (address, port) =>
      new Promise((resolve, reject) => {
        socket.once('error', reject);
        socket.bind(port, address, () => {
          open = true;
          socket.removeListener('error', reject);
          socket.on('error', (error) =>
            log.error({ err: error, transport: 'udp', host: address, port }, 'Riemann port error'),
          );
          const { address: actual, port: actualPort } = socket.address();
          resolve({ host: actual, port: actualPort });
        });
      }),
    async close() {
      if (!open) return;
      open = false;
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    },
  };
}

function reasonOf(error: unknown): 'garbage' | 'full' | 'fault' {
  if (error instanceof WireError) return 'garbage';
  return error instanceof SatelliteError && error.code === 'overloaded' ? 'full' : 'fault';
}
