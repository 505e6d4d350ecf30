/** nal_unit_type of H.264 (Table 7-1), as far as it matters for sending. */
export const nalType = { slice: 1, idr: 5, sei: 6, sps: 7, pps: 8, delimiter: 9, filler: 12 } as const;

export const typeOfNal = (nal: Uint8Array): number => (nal[0] ?? 0) & 31;

/** NAL units of an access unit in length-prefixed form (ISO/IEC 14496-15); one that doesn't fit ends the list. */
export function splitNalUnits(data: Uint8Array, lengthSize: number): Uint8Array[] {
  const units: Uint8Array[] = [];
  let at = 0;
  while (at + lengthSize < data.length) {
    let length = 0;
    for (let index = 0; index < lengthSize; index += 1) length = length * 256 + (data[at + index] ?? 0);
    at += lengthSize;
    if (at + length > data.length) break;
    if (length > 0) units.push(data.subarray(at, at + length));
    at += length;
  }
  return units;
}
