/** What can go wrong between Satellite and a Mesos process. */
import { cutToLength } from '../text.ts';

/**
 * - `unreachable`: nobody answers, in time or at all
 * - `no-leader`: a master that knows no leader, or that leads and has not recovered yet (503)
 * - `refused`: these credentials may not ask that (401, 403)
 * - `absent`: this version does not know the address or the call (404, 405, 501)
 * - `status`: any other status than 200
 * - `too-long`: more than is read
 * - `garbage`: no JSON, or of another form than Mesos'
 */
export type MesosFault = 'unreachable' | 'no-leader' | 'refused' | 'absent' | 'status' | 'too-long' | 'garbage';

/** Thrown when Mesos gave no good answer; its message begins with the address that was asked. */
export class MesosError extends Error {
  override readonly name = 'MesosError';
  readonly fault: MesosFault;
  /** As in `http://localhost:5050/state`. */
  readonly address: string;

  constructor(fault: MesosFault, address: string, detail: string, options?: ErrorOptions) {
    super(`${address}: ${detail}`, options);
    this.fault = fault;
    this.address = address;
  }
}

const FAULT_OF_STATUS: ReadonlyMap<number, MesosFault> = new Map([
  [401, 'refused'],
  [403, 'refused'],
  [404, 'absent'],
  [405, 'absent'],
  [501, 'absent'],
  [503, 'no-leader'],
]);

const HINT_OF_STATUS: ReadonlyMap<number, string> = new Map([
  [401, ' (the setting mesos-credentials is missing or wrong)'],
  [403, ' (the principal in mesos-credentials is not authorized)'],
]);

/** @param body as much of it as is worth showing */
export function faultOfStatus(status: number, address: string, body: string): MesosError {
  const said = cutToLength(body.trim(), 200);
  const shown = said === '' ? '' : `: ${JSON.stringify(said)}`;
  const hint = HINT_OF_STATUS.get(status) ?? '';
  return new MesosError(FAULT_OF_STATUS.get(status) ?? 'status', address, `answered ${status}${hint}${shown}`);
}
