/** SIGHUP from the first moment of a process: the entry file of a command that reloads imports this before all else. */

let listener: (() => void) | undefined;
let isWanted = false;

process.on('SIGHUP', () => {
  if (listener) listener();
  else isWanted = true;
});

/** Calls at each SIGHUP, and at once where one has come already. */
export function onReloadSignal(reload: () => void): void {
  listener = reload;
  if (isWanted) reload();
}
