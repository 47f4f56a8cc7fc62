/** Thrown by a run that could not find out, through no fault of this machine: its state is `unknown`. */
export class UnknownStateError extends Error {
  override readonly name = 'UnknownStateError';
}
