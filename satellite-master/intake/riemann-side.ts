/** Both Riemann services of a master: which of them are open, and why one is not. */
import type { Log } from '../../shared/log.ts';
import { createRiemannTcp, type RiemannServer, type RiemannTcpOptions } from './riemann-tcp.ts';
import { createRiemannUdp } from './riemann-udp.ts';

export interface RiemannSocketSettings {
  readonly host: string;
  readonly port: number;
  /** The settings name it: then it must be had. The default may be taken by another program on the machine. */
  readonly named: boolean;
}

export interface RiemannSideOptions extends RiemannTcpOptions {
  readonly tcp: RiemannSocketSettings | undefined;
  readonly udp: RiemannSocketSettings | undefined;
}

interface Service {
  readonly transport: 'tcp' | 'udp';
  readonly settings: RiemannSocketSettings;
  readonly server: RiemannServer;
  state: string;
}

export class RiemannSide {
  readonly #services: readonly Service[];
  readonly #log: Log;

  constructor(options: RiemannSideOptions) {
    const { tcp, udp, log } = options;
    this.#log = log;
    const state = 'not open yet';
    this.#services = [
      ...(tcp ? [{ transport: 'tcp' as const, settings: tcp, server: createRiemannTcp(options), state }] : []),
      ...(udp
        ? [{ transport: 'udp' as const, settings: udp, server: createRiemannUdp(options, udp.host), state }]
        : []),
    ];
  }

  /** @throws Error where an address that the settings name can't be had */
  async start(): Promise<void> {
    for (const service of this.#services) await this.#open(service);
  }

  /** For `/readyz`; what is turned off has no line. */
  readiness(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#services.map(({ transport, state }) => [`riemann-${transport}`, state]));
  }

  async close(deadlineMs: number): Promise<void> {
    await Promise.all(this.#services.map(({ server }) => server.close(deadlineMs)));
  }

  async #open(service: Service): Promise<void> {
    const { transport, settings, server } = service;
    const { host, port, named } = settings;
    try {
      const address = await server.listen(host, port);
      service.state = 'ok';
      this.#log.info(address, `Riemann's protocol over ${transport.toUpperCase()} on ${address.host}:${address.port}`);
    } catch (error) {
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      const fault = `${host}:${port} ${isTaken ? 'is taken by another program' : `can't be had: ${String(error)}`}`;
      const key = `riemann-${transport}-server-options`;
      if (named || !isTaken) throw new Error(`"${key}": ${fault}`, { cause: error });
      service.state = `off: ${fault}`;
      this.#log.warn(
        `no Riemann client is heard over ${transport.toUpperCase()}: ${fault}; name another port in "${key}", or null`,
      );
    }
  }
}
