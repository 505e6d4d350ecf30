/** H.264 parameter sets of a track, each with its length before it, as samples carry NAL units. */
export interface ParameterSets {
  readonly bytes: Buffer;
  /** Bytes of the length before each NAL unit (ISO/IEC 14496-15 §5.3.3.1, lengthSizeMinusOne + 1). */
  readonly lengthSize: number;
}

const accessUnitDelimiter = 9;
const sequenceParameterSet = 7;

/** Reads the sequence and picture parameter sets of an avcC box. */
export function readParameterSets(avcC: Buffer): ParameterSets {
  const lengthSize = (avcC.readUInt8(4) & 3) + 1;
  const units: Buffer[] = [];
  let offset = 5;
  for (const mask of [0x1f, 0xff]) {
    const count = avcC.readUInt8(offset) & mask;
    offset += 1;
    for (let index = 0; index < count; index++) {
      const size = avcC.readUInt16BE(offset);
      const unit = Buffer.alloc(lengthSize + size);
      unit.writeUIntBE(size, 0, lengthSize);
      avcC.copy(unit, lengthSize, offset + 2, offset + 2 + size);
      units.push(unit);
      offset += 2 + size;
    }
  }
  return { bytes: Buffer.concat(units), lengthSize };
}

/**
 * A key frame with the parameter sets in front (after its access unit delimiter, if it has one); the same bytes when it
 * brings its own. Players that read only one init segment (ffmpeg's, and what is built on it) then decode a playback whose
 * legs were coded differently.
 */
export function withParameterSets(keyFrame: Uint8Array, sets: ParameterSets): Uint8Array {
  if (sets.bytes.length === 0) return keyFrame;
  const data = Buffer.from(keyFrame.buffer, keyFrame.byteOffset, keyFrame.byteLength);
  const start = afterDelimiter(data, sets.lengthSize);
  if (unitType(data, start, sets.lengthSize) === sequenceParameterSet) return keyFrame;
  return Buffer.concat([data.subarray(0, start), sets.bytes, data.subarray(start)]);
}

function afterDelimiter(data: Buffer, lengthSize: number): number {
  if (unitType(data, 0, lengthSize) !== accessUnitDelimiter) return 0;
  return Math.min(data.length, lengthSize + data.readUIntBE(0, lengthSize));
}

/** Type of the NAL unit whose length begins at `offset`; null past the end. */
function unitType(data: Buffer, offset: number, lengthSize: number): number | null {
  const header = data[offset + lengthSize];
  return header === undefined ? null : header & 0x1f;
}
