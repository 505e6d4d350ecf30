/** A key frame of VP9 with another width and height in its head: sixteen bits each, from bit 36 on (bitstream specification, 6.2). */
export function claimingSize(data: Uint8Array, side: number): Uint8Array {
  const bits = Array.from(data.subarray(0, 9), (byte) => byte.toString(2).padStart(8, '0')).join('');
  const claim = (side - 1).toString(2).padStart(16, '0').repeat(2);
  const head = bits.slice(0, 36) + claim + bits.slice(68);
  const bytes = Array.from({ length: 9 }, (_, at) => Number.parseInt(head.slice(8 * at, 8 * at + 8), 2));
  return Buffer.concat([Uint8Array.from(bytes), data.subarray(9)]);
}

/**
 * A key frame of AV1 whose stream has two spatial layers, of which it is the lower one: that the operating point has both is
 * said by twelve bits of the sequence header, behind twelve others (bitstream specification, 5.5.1; no timing information).
 */
export function lowerOfTwoLayers(data: Uint8Array): Uint8Array {
  const bytes = Buffer.from(data);
  // A temporal delimiter of two bytes comes first, then the header: one byte of its own and one of its size.
  const at = 4;
  if (bytes[0] !== 0x12 || bytes[2] !== 0x0a) throw new Error('not the beginning of a sequence');
  bytes[at + 1] = ((bytes[at + 1] ?? 0) & 0xf0) | 3;
  bytes[at + 2] = 1;
  return bytes;
}
