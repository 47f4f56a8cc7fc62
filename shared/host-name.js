import { isIP } from 'node:net';
/** What a host name has to look like, for error messages. */
export const HOST_NAME_FORM = 'a host name (labels of 1-63 letters, digits, "-" or "_", none beginning with "-", at least one letter, 253 in all) or an IP address';
const LABEL = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$/;
/** The one check of host names (contract.md, "Host name"): the name, or undefined where it is none. */
export function parseHostName(text) {
    if (text.length === 0 || text.length > 253)
        return undefined;
    if (isIP(text) !== 0)
        return text.includes('%') ? undefined : text;
    if (!/[A-Za-z]/.test(text))
        return undefined;
    return text.split('.').every((label) => LABEL.test(label)) ? text : undefined;
}
