/** What the text of a module says that building it does not show. */

const COMMENTS = /\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm;
/** `offHost(event.host, …)`: called with a host when an event comes, inside a function of the module's own. */
const HOST_ACTION = /\b(?:on|off)Host\s*\(\s*[^\s)]/;
const DEFAULT_EXPORT = /\bexport\s+default\b|\bas\s+default\b|\bexports\.default\b|\bmodule\.exports\b/;

/** Whether one of its functions turns hosts on or off by name. */
export function callsHostAction(text: string): boolean {
  return HOST_ACTION.test(text.replaceAll(COMMENTS, ''));
}

/** The line of the default export, counted from 1. */
export function lineOfDefaultExport(text: string): number | undefined {
  const at = text.search(DEFAULT_EXPORT);
  return at < 0 ? undefined : text.slice(0, at).split('\n').length;
}
