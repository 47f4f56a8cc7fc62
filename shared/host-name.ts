import { isIP } from 'node:net';

declare const hostNameBrand: unique symbol;

/**
 * The name of a Mesos agent, exactly as it registered: case is kept and compared byte for byte.
 * Only {@link parseHostName} makes one; nothing else reaches a path, a znode or the whitelist file.
 */
export type HostName = string & { readonly [hostNameBrand]: true };

/** What a host name has to look like, for error messages. */
export const HOST_NAME_FORM =
  'a host name (labels of 1-63 letters, digits, "-" or "_", none beginning with "-", at least one letter, 253 in all) or an IP address';

const LABEL = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$/;

/** The one check of host names (docs/rest.md, "Host names"): the name, or undefined where it is none. */
export function parseHostName(text: string): HostName | undefined {
  if (text.length === 0 || text.length > 253) return undefined;
  if (isIP(text) !== 0) return text.includes('%') ? undefined : (text as HostName);
  if (!/[A-Za-z]/.test(text)) return undefined;
  return text.split('.').every((label) => LABEL.test(label)) ? (text as HostName) : undefined;
}
