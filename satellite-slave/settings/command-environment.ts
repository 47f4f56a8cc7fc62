/** The setting `safe-env`, as it stands in the file. */
export type SafeEnv = boolean | Readonly<Record<string, string>>;

const SAFE_PATH = '/bin/:/usr/bin/:/sbin/:/usr/sbin/';
const SAFE_VARIABLES = ['JAVA', 'http_proxy', 'https_proxy', 'no_proxy'];

/**
 * The environment of comets' programs. true: a plain PATH and a few variables of the slave's own; false: all of the
 * slave's; an object: exactly that.
 */
export function environmentOf(safeEnv: SafeEnv, own: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (safeEnv === false) return own;
  if (safeEnv !== true) return { ...safeEnv };
  const kept = SAFE_VARIABLES.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]]]));
  return { ...Object.fromEntries(kept), PATH: SAFE_PATH };
}
