/** Bytes of the payload descriptor of VP8 over RTP: one, and extensions as its bits tell (RFC 7741 4.2). */
export function vp8DescriptorLength(payload: Uint8Array): number {
  if (((payload[0] ?? 0) & 0x80) === 0) return 1;
  const extension = payload[1] ?? 0;
  let length = 2;
  if ((extension & 0x80) !== 0) length += ((payload[length] ?? 0) & 0x80) !== 0 ? 2 : 1;
  if ((extension & 0x40) !== 0) length += 1;
  if ((extension & 0x30) !== 0) length += 1;
  return length;
}
