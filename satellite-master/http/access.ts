/** Who may do what: bearer tokens, kept as SHA-256 (docs/rest.md, "Who may do what"). */
import { createHash, timingSafeEqual } from 'node:crypto';
import { SatelliteError } from '../../shared/errors.ts';

export type Right = 'read' | 'report' | 'write';

export interface AccessToken {
  /** Recorded as `as` with every change. */
  readonly name: string;
  /** SHA-256 of the token: 64 hexadecimal digits. */
  readonly sha256: string;
  readonly may: readonly Right[];
}

/** The `WWW-Authenticate` header of a 401. */
export const CHALLENGE = 'Bearer realm="satellite"';

export class Access {
  readonly #tokens: readonly { readonly token: AccessToken; readonly digest: Buffer }[];

  constructor(tokens: readonly AccessToken[]) {
    this.#tokens = tokens.map((token) => ({ token, digest: Buffer.from(token.sha256, 'hex') }));
  }

  /**
   * @param authorization the header, if there is one
   * @returns the token's name; null where none is configured or none is needed
   * @throws SatelliteError unauthorized, forbidden
   */
  check(authorization: string | undefined, right: Right | null): string | null {
    if (this.#tokens.length === 0 || right === null) return null;
    if (authorization === undefined)
      throw new SatelliteError('unauthorized', 'send the header Authorization: Bearer TOKEN');
    const token = this.#find(tokenIn(authorization));
    if (!token) throw new SatelliteError('unauthorized', 'the token is not known here');
    if (!token.may.includes(right))
      throw new SatelliteError(
        'forbidden',
        `the token ${token.name} may ${token.may.join(', ') || 'nothing'}, not ${right}`,
      );
    return token.name;
  }

  /** Like {@link check}, but answers instead of throwing: for parts of an answer that need a further right. */
  may(authorization: string | undefined, right: Right): boolean {
    if (this.#tokens.length === 0) return true;
    return this.#find(tokenIn(authorization))?.may.includes(right) ?? false;
  }

  /** Compares with every token, so that the time taken does not depend on which one matches. */
  #find(secret: string | undefined): AccessToken | undefined {
    const digest = createHash('sha256')
      .update(secret ?? '')
      .digest();
    let found: AccessToken | undefined;
    for (const one of this.#tokens)
      if (one.digest.length === digest.length && timingSafeEqual(one.digest, digest)) found = one.token;
    return secret === undefined ? undefined : found;
  }
}

function tokenIn(authorization: string | undefined): string | undefined {
  return /^Bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1];
}
