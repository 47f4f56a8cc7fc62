/** A port on which Riemann's protocol is spoken: opened at the start, and if it is not open, readiness says why. */

import { listenError } from '../../shared/listen-error.ts';
import type { Log } from '../../shared/log.ts';
import { createRiemannTcp, type RiemannServer, type RiemannTcpOptions } from './riemann-tcp.ts';
import { createRiemannUdp } from './riemann-udp.ts';

export interface RiemannSocketSettings {
  readonly host: string;
  readonly port: number;
  /** The settings name it: then it must be had. The default may be taken by another program on the machine. */
  readonly named: boolean;
}

export interface RiemannPortOptions extends RiemannTcpOptions {
  readonly transport: 'tcp' | 'udp';
  readonly settings: RiemannSocketSettings;
}

export class RiemannPort {
  readonly #options: RiemannPortOptions;
  readonly #server: RiemannServer;
  #state = 'not open yet';

  constructor(options: RiemannPortOptions) {
    this.#options = options;
    this.#server =
      options.transport === 'tcp' ? createRiemannTcp(options) : createRiemannUdp(options, options.settings.host);
  }

  /** For readiness: `ok`, or `off` with the reason. */
  get state(): string {
    return this.#state;
  }

  /** @throws Error where an address that the settings name can't be had */
  async start(): Promise<void> {
    const { transport, settings, log } = this.#options;
    const { host, port, named } = settings;
    try {
      const address = await this.#server.listen(host, port);
      this.#state = 'ok';
      log.info({ transport, ...address }, 'Riemann port open');
    } catch (error) {
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      const key = `riemann-${transport}-server-options`;
      const fault = listenError(error, { host, port, hostSetting: key, portSetting: key });
      if (named || !isTaken) throw fault;
      this.#state = `off: ${fault.message}`;
      this.#warn(log, key, fault.message);
    }
  }

  async stop({ leftMs }: { leftMs(): number }): Promise<void> {
    await this.#server.close(leftMs());
  }

  #warn(log: Log, setting: string, reason: string): void {
    const { transport } = this.#options;
    log.warn({ transport, setting, reason }, 'Riemann port not open; set another port, or null');
  }
}
