const fourCcs = { vp8: 'VP80', vp9: 'VP90', av1: 'AV01' } as const;
export type IvfCodec = keyof typeof fourCcs;

/** File header of IVF with a time base of 1 ms; the size is only a hint, decoders go by the frames. */
export function ivfHeader(codec: IvfCodec): Buffer {
  const header = Buffer.alloc(32);
  header.write('DKIF', 0, 'latin1');
  header.writeUInt16LE(32, 6);
  header.write(fourCcs[codec], 8, 'latin1');
  header.writeUInt16LE(16, 12);
  header.writeUInt16LE(16, 14);
  header.writeUInt32LE(1_000, 16);
  header.writeUInt32LE(1, 20);
  return header;
}

/** One frame; `timeMs` is a whole number. */
export function ivfFrame(timeMs: number, data: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(12 + data.length);
  frame.writeUInt32LE(data.length, 0);
  frame.writeBigInt64LE(BigInt(timeMs), 4);
  frame.set(data, 12);
  return frame;
}
