/** Boxes of ISO/IEC 14496-12 within `bytes`, one level. */
function* boxes(bytes: Buffer): Generator<{ type: string; body: Buffer }> {
  let offset = 0;
  while (offset + 8 <= bytes.length) {
    const size = bytes.readUInt32BE(offset);
    if (size < 8 || offset + size > bytes.length) throw new Error('not a box');
    yield {
      type: bytes.toString('latin1', offset + 4, offset + 8),
      body: bytes.subarray(offset + 8, offset + size),
    };
    offset += size;
  }
}

const children = (bytes: Buffer, type: string): Buffer[] =>
  [...boxes(bytes)].filter((box) => box.type === type).map(({ body }) => body);

const isSync = (flags: number): boolean => (flags & 0x10000) === 0;

/** Default sample flags of a track fragment header (§8.8.7); null when it has none. */
function defaultFlags(tfhd: Buffer): number | null {
  const flags = tfhd.readUInt32BE(0) & 0xffffff;
  if ((flags & 0x20) === 0) return null;
  let offset = 8;
  for (const [bit, size] of [
    [0x1, 8],
    [0x2, 4],
    [0x8, 4],
    [0x10, 4],
  ] as const)
    if (flags & bit) offset += size;
  return tfhd.readUInt32BE(offset);
}

/** Sample flags of a track run (§8.8.8) as far as they are said. */
function sampleFlags(trun: Buffer, fallback: number | null): (number | null)[] {
  const flags = trun.readUInt32BE(0) & 0xffffff;
  const count = trun.readUInt32BE(4);
  let offset = 8 + (flags & 0x1 ? 4 : 0);
  const first = flags & 0x4 ? trun.readUInt32BE(offset) : null;
  if (first !== null) offset += 4;
  const before = (flags & 0x100 ? 4 : 0) + (flags & 0x200 ? 4 : 0);
  const size = before + (flags & 0x400 ? 4 : 0) + (flags & 0x800 ? 4 : 0);
  return Array.from({ length: count }, (_, index) => {
    if (index === 0 && first !== null) return first;
    return flags & 0x400 ? trun.readUInt32BE(offset + index * size + before) : fallback;
  });
}

/** Whether fragmented MP4 has a sync sample; null when the bytes aren't MP4 or don't say. */
export function holdsKeyFrame(bytes: Buffer): boolean | null {
  try {
    const flags = children(bytes, 'moof').flatMap((moof) =>
      children(moof, 'traf').flatMap((traf) => {
        const [tfhd] = children(traf, 'tfhd');
        const fallback = tfhd ? defaultFlags(tfhd) : null;
        return children(traf, 'trun').flatMap((trun) => sampleFlags(trun, fallback));
      }),
    );
    if (flags.length === 0) return null;
    if (flags.some((one) => one !== null && isSync(one))) return true;
    return flags.includes(null) ? null : false;
  } catch {
    return null;
  }
}
