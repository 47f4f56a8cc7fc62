import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameReader, FrameTooLarge } from '../../../shared/riemann/frames.ts';

function framed(body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

function read(reader: FrameReader, chunks: readonly Buffer[]): string[] {
  const frames: string[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    while (reader.next()) frames.push(reader.bytes.toString('hex', reader.from, reader.to));
  }
  return frames;
}

describe('frames', () => {
  test('come out as they went in, however the network cuts and joins them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
        (bodies, sizes) => {
          const whole = Buffer.concat(bodies.map((body) => framed(Buffer.from(body))));
          const chunks: Buffer[] = [];
          for (let at = 0, n = 0; at < whole.length; n++) {
            const size = sizes[n % sizes.length] ?? 1;
            chunks.push(whole.subarray(at, at + size));
            at += size;
          }
          const reader = new FrameReader(40);
          expect(read(reader, chunks)).toEqual(bodies.map((body) => Buffer.from(body).toString('hex')));
          expect(reader.waiting).toBe(0);
        },
      ),
    );
  });

  test('a frame that lies whole in what came is not copied', () => {
    const chunk = framed(Buffer.from('abc'));
    const reader = new FrameReader(10);
    reader.push(chunk);
    expect(reader.next()).toBe(true);
    expect(reader.bytes).toBe(chunk);
  });

  test('the limit is of the announced length, whole or cut in the middle of it', () => {
    expect(read(new FrameReader(3), [framed(Buffer.from('abc'))])).toEqual(['616263']);
    expect(() => read(new FrameReader(3), [Buffer.from('00000004', 'hex')])).toThrow(FrameTooLarge);
    expect(() => read(new FrameReader(3), [Buffer.from('0000', 'hex'), Buffer.from('0004', 'hex')])).toThrow(
      FrameTooLarge,
    );
  });

  test('memory follows what came, not what was announced', () => {
    const reader = new FrameReader(1_000_000);
    expect(read(reader, [Buffer.from('000f4240', 'hex'), Buffer.alloc(1000)])).toEqual([]);
    expect(reader.waiting).toBe(1004);
    expect(reader.held).toBeLessThan(4096);
  });
});
