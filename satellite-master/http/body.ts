/** Reads request bodies: JSON of bounded size. */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { ByteBudget } from '../../shared/byte-budget.ts';
import { SatelliteError } from '../../shared/errors.ts';
import { JsonTextError, parseJsonText } from '../../shared/json-text.ts';

/** Thrown when the client disconnects before its body is complete: there is nobody to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/** A body that is too large is still read up to this multiple of the limit, so that its sender can read the answer. */
const DRAINED_TIMES = 10;

/**
 * @returns undefined where there is no body
 * @throws SatelliteError unsupported-media-type, too-large, bad-json, overloaded; ClientGone
 */
export async function readJson(request: IncomingMessage, maxBytes: number, budget: ByteBudget): Promise<unknown> {
  const { headers } = request;
  if (headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0') return undefined;
  checkEncoding(headers['content-encoding']);
  const bytes = await readBytes(request, maxBytes, budget);
  if (bytes.length === 0) return undefined;
  checkType(headers['content-type']);
  return parseJson(bytes);
}

function checkEncoding(encoding: string | undefined): void {
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new SatelliteError('unsupported-media-type', 'send the body as it is, without Content-Encoding');
}

function checkType(type: string | undefined): void {
  const [essence, ...parameters] = (type ?? '').split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  if (essence === 'application/json' && (charset === undefined || /^charset="?utf-?8"?$/.test(charset))) return;
  throw new SatelliteError(
    'unsupported-media-type',
    `found ${type === undefined ? 'no content type' : JSON.stringify(type)}; add the header Content-Type: application/json`,
  );
}

function readBytes(request: IncomingMessage, maxBytes: number, budget: ByteBudget): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    let taken = 0;
    let fault: SatelliteError | undefined;
    const done = (finish: () => void) => {
      budget.release(taken);
      taken = 0;
      request.removeListener('data', onData).removeListener('end', onEnd).removeListener('close', onClose);
      finish();
    };
    const refuse = (error: SatelliteError) => {
      fault = error;
      parts.length = 0;
      budget.release(taken);
      taken = 0;
    };
    const accept = (part: Buffer) => {
      if (bytes > maxBytes)
        return refuse(new SatelliteError('too-large', `the body is longer than ${maxBytes} bytes`, { maxBytes }));
      if (!budget.reserve(part.length))
        return refuse(new SatelliteError('overloaded', 'too many bodies at once: try again later'));
      taken += part.length;
      parts.push(part);
    };
    const onData = (part: Buffer) => {
      bytes += part.length;
      if (!fault) accept(part);
      if (fault && bytes > maxBytes * DRAINED_TIMES) done(() => reject(fault));
    };
    const onEnd = () => done(() => (fault ? reject(fault) : resolve(Buffer.concat(parts))));
    const onClose = () => done(() => reject(new ClientGone('the connection was closed')));
    request.on('data', onData).once('end', onEnd).once('close', onClose);
    request.once('error', () => done(() => reject(new ClientGone('the connection broke'))));
  });
}

function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new SatelliteError('bad-json', 'the body is not UTF-8');
  try {
    return parseJsonText(bytes.toString('utf8'));
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    throw new SatelliteError('bad-json', `not JSON: ${error.message}`, { position: error.offset }, { cause: error });
  }
}
