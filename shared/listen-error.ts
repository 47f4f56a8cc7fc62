/** Why a server could not be opened, in words that name the setting to change. */
import { messageOf } from './errors.ts';

export interface ListenTarget {
  readonly host: string;
  readonly port: number;
  /** The settings that hold them; often one setting holds both. */
  readonly hostSetting: string;
  readonly portSetting: string;
}

/** @param error what `listen` or `bind` failed with */
export function listenError(error: unknown, { host, port, hostSetting, portSetting }: ListenTarget): Error {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return new Error(`port ${port} (\`${portSetting}\`) is already in use`);
    case 'EACCES':
      return new Error(`port ${port} (\`${portSetting}\`) is reserved for root (or for CAP_NET_BIND_SERVICE)`);
    case 'EADDRNOTAVAIL':
      return new Error(`${host} (\`${hostSetting}\`) is not an address of this machine`);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new Error(`${host} (\`${hostSetting}\`) cannot be resolved to an address`);
    default:
      return new Error(`cannot listen on ${host}:${port} (\`${portSetting}\`): ${messageOf(error)}`);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
