/** Riemann's protocol: encoding, decoding, frames, and a client over TCP. */
export { RiemannClient } from './client.ts';
export { Cursor, WireError } from './cursor.ts';
export { decodeEvent, decodeMessage } from './decode.ts';
export { Encoder, encodeFrame, writeEvent } from './encode.ts';
export { FrameReader, FrameTooLarge } from './frames.ts';
export { ATTRIBUTE, EVENT, MSG, type RiemannEvent } from './message.ts';
export { RiemannTransport } from './transport.ts';
