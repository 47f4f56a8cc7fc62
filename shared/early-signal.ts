/** SIGTERM and SIGINT from the first moment of a process: the entry file of a command imports this before all else. */

/** Resolves at the first SIGTERM or SIGINT. */
export const stopSignal: Promise<NodeJS.Signals> = new Promise((resolve) => {
  process.once('SIGTERM', resolve);
  process.once('SIGINT', resolve);
});
