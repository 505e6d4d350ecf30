import type { FlvMessage } from './FlvReader.ts';

const video = 9;
const avc = 7;
const [sequenceHeader, frame] = [0, 1];
/** Of an FLV tag, before the configuration or the NAL units (Adobe's FLV 10.1, E.4.3.1). */
const headBytes = 5;

/** The NAL units of a publisher's H.264 as they are in its FLV tags, parameter sets of the sequence headers among them. */
export function avcUnits(messages: readonly FlvMessage[]): Buffer[] {
  let lengthBytes = 4;
  return messages.flatMap(({ type, payload }) => {
    if (type !== video || (payload.readUInt8(0) & 15) !== avc) return [];
    const body = payload.subarray(headBytes);
    const kind = payload.readUInt8(1);
    if (kind === frame) return unitsBehindLengths(body, lengthBytes);
    if (kind !== sequenceHeader) return [];
    lengthBytes = (body.readUInt8(4) & 3) + 1;
    return parameterSets(body);
  });
}

function unitsBehindLengths(body: Buffer, lengthBytes: number): Buffer[] {
  const units: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const end = at + lengthBytes + body.readUIntBE(at, lengthBytes);
    if (end > body.length) throw new Error('a NAL unit is longer than its tag');
    units.push(body.subarray(at + lengthBytes, end));
    at = end;
  }
  return units;
}

/** Of an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1). */
function parameterSets(record: Buffer): Buffer[] {
  const sets: Buffer[] = [];
  let at = 5;
  for (const mask of [31, 255]) {
    const count = record.readUInt8(at) & mask;
    at += 1;
    for (let nth = 0; nth < count; nth += 1) {
      const end = at + 2 + record.readUInt16BE(at);
      sets.push(record.subarray(at + 2, end));
      at = end;
    }
  }
  return sets;
}
