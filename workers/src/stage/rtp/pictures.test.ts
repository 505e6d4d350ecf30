import { PictureAssembler, videoCodecOf, type VideoCodec } from './PictureAssembler.ts';
import type { EncodedPicture } from './pictures.ts';

type Given = readonly [
  timestamp: number,
  payload: readonly number[],
  options?: { marker?: boolean; lost?: number },
];

/** The pictures that come of these payloads. */
function assemble(
  codec: VideoCodec,
  given: readonly Given[],
): { pictures: EncodedPicture[]; assembler: PictureAssembler } {
  const assembler = new PictureAssembler(codec);
  const pictures = given.flatMap(([timestamp, payload, { marker = false, lost = 0 } = {}], sequence) =>
    assembler.push({
      packet: { payloadType: 1, marker, sequence, timestamp, ssrc: 1, payload: Uint8Array.from(payload) },
      lostBefore: lost,
    }),
  );
  return { pictures, assembler };
}
const summary = ({ pictures }: { pictures: EncodedPicture[] }): string[] =>
  pictures.map(
    ({ timestamp, key, data }) => `${timestamp}${key ? ' key' : ''} ${Buffer.from(data).toString('hex')}`,
  );
const last = { marker: true };

it('a codec is told by its MIME type', () => {
  expect(['video/VP8', 'video/H264', 'video/vp9', 'video/AV1', 'video/H265'].map(videoCodecOf)).toEqual([
    ...['vp8', 'h264', 'vp9', 'av1', null],
  ]);
});

describe('VP8 (RFC 7741)', () => {
  const key = [0x10, 0x10, 1];
  const delta = [0x10, 0x11, 2];

  it('joins the packets of a picture and knows key frames', () => {
    const found = assemble('vp8', [
      [1, key],
      [1, [0x00, 7, 8], last],
      [2, delta, last],
    ]);
    expect(summary(found)).toEqual(['1 key 10010708', '2 1102']);
  });

  it('skips the extended descriptor', () => {
    const found = assemble('vp8', [
      [1, [0x90, 0xf0, 0x81, 0x23, 5, 0x40, 0x10, 9], last],
      [2, [0x90, 0x80, 0x12, 0x11, 9], last],
    ]);
    expect(summary(found)).toEqual(['1 key 1009', '2 1109']);
  });

  it('leaves out a torn picture and all up to the next key frame, and says so', () => {
    const found = assemble('vp8', [
      [1, key, last],
      [2, delta],
      [2, [0x00, 7], { marker: true, lost: 1 }],
      [3, delta, last],
      [4, key, last],
      [5, delta, last],
    ]);
    expect(summary(found)).toEqual(['1 key 1001', '4 key 1001', '5 1102']);
    expect(found.assembler.dropped).toBe(2);
    expect(found.assembler.needsKeyFrame).toBe(false);
  });

  it('takes a whole key frame behind a loss', () => {
    const found = assemble('vp8', [
      [1, key, last],
      [3, key, { marker: true, lost: 4 }],
    ]);
    expect(summary(found)).toEqual(['1 key 1001', '3 key 1001']);
  });

  it('drops a picture of which packets come for ever, and takes the next key frame', () => {
    const found = assemble('vp8', [
      [1, key, last],
      [2, delta],
      ...Array.from({ length: 5_000 }, (): Given => [2, [0x00, 7]]),
      [2, [0x00, 7], last],
      [3, delta, last],
      [4, key],
      ...Array.from({ length: 3_999 }, (): Given => [4, [0x00, 7]]),
      [5, delta, last],
    ]);
    expect(found.pictures.map(({ timestamp, data }) => [timestamp, data.length])).toEqual([
      [1, 2],
      [4, 4_001],
      [5, 2],
    ]);
    expect(found.assembler.dropped).toBe(2);
  });

  it('waits for the first key frame', () => {
    const found = assemble('vp8', [[1, delta, last]]);
    expect(found.pictures).toEqual([]);
    expect(found.assembler.needsKeyFrame).toBe(true);
  });

  it('knows a picture whose beginning was lost with the end of the one before', () => {
    const found = assemble('vp8', [
      [1, key, last],
      [2, delta],
      [3, [0x00, 7], { marker: true, lost: 2 }],
    ]);
    expect(summary(found)).toEqual(['1 key 1001']);
    expect(found.assembler.needsKeyFrame).toBe(true);
  });
});

describe('H.264 (RFC 6184)', () => {
  const sps = [0x67, 0x42, 0, 0x1e];
  const pps = [0x68, 0xce];
  const stap = [0x78, 0, sps.length, ...sps, 0, pps.length, ...pps];
  const idr = [0x65, 0x88, 1];
  const slice = [0x41, 0x9a, 2];

  it('takes parameter sets out and gives length-prefixed units', () => {
    const found = assemble('h264', [
      [1, stap],
      [1, idr, last],
      [2, slice, last],
    ]);
    expect(summary(found)).toEqual(['1 key 00000003658801', '2 00000003419a02']);
    expect(found.pictures[0]?.parameterSets).toEqual({
      sps: Uint8Array.from(sps),
      pps: Uint8Array.from(pps),
    });
    expect(found.pictures[1]?.parameterSets).toBeUndefined();
  });

  it('joins fragments and leaves delimiters out', () => {
    const found = assemble('h264', [
      [1, stap],
      [1, [0x09, 0xf0]],
      [1, [0x7c, 0x85, 0x88, 1]],
      [1, [0x7c, 0x05, 2, 3]],
      [1, [0x7c, 0x45, 4], last],
    ]);
    expect(summary(found)).toEqual(['1 key 00000006658801020304']);
  });

  it('drops a picture of which the first slice or a fragment is missing', () => {
    const found = assemble('h264', [
      [1, stap],
      [1, idr, last],
      [2, [0x41, 0x02, 0], last],
      [3, slice, last],
      [4, idr, last],
      [5, [0x7c, 0x45, 4], last],
    ]);
    expect(summary(found)).toEqual(['1 key 00000003658801', '4 key 00000003658801']);
    expect(found.assembler.needsKeyFrame).toBe(true);
  });

  it('gives no key frame without parameter sets', () => {
    expect(assemble('h264', [[1, idr, last]]).pictures).toEqual([]);
  });

  it.each([
    ['an aggregate whose length lies', [0x78, 0, 200, 1]],
    ['an unknown kind of packet', [0x79, 1, 2]],
    ['a cut fragment', [0x7c, 0x85]],
  ])('drops a picture with %s', (_name, payload) => {
    const found = assemble('h264', [
      [1, stap],
      [1, payload],
      [1, idr, last],
    ]);
    expect(found.pictures).toEqual([]);
  });
});

describe('VP9 (RFC 9628)', () => {
  it('joins packets by their begin and end bits', () => {
    const found = assemble('vp9', [
      [1, [0x88, 0x12, 1]],
      [1, [0x84, 0x12, 2], last],
      [2, [0xcc, 0x80, 0x13, 3], last],
    ]);
    expect(summary(found)).toEqual(['1 key 0102', '2 03']);
  });

  it('makes a superframe of layers', () => {
    const found = assemble('vp9', [
      [1, [0xac, 0x12, 0x00, 0x01, 0xaa]],
      [1, [0xec, 0x12, 0x02, 0x01, 0xbb, 0xcc], last],
    ]);
    expect(summary(found)).toEqual(['1 key aabbccd901000000' + '02000000d9']);
  });

  it('skips a scalability structure', () => {
    const found = assemble('vp9', [
      [1, [0x8e, 0x12, 0x38, 1, 64, 0, 180, 2, 128, 1, 104, 1, 0x04, 9, 7], last],
    ]);
    expect(found.pictures).toHaveLength(1);
  });
});

describe('AV1', () => {
  it('gives OBUs their sizes back and begins with a temporal delimiter', () => {
    const found = assemble('av1', [
      [1, [0x28, 0x02, 0x08, 5, 0x30, 1, 2], last],
      [2, [0x10, 0x30, 3], last],
    ]);
    expect(summary(found)).toEqual(['1 key 12000a0105' + '32020102', '2 1200320103']);
  });

  it('joins an OBU that goes on in the next packet', () => {
    const found = assemble('av1', [
      [1, [0x58, 0x30, 1, 2]],
      [1, [0x90, 3, 4], last],
    ]);
    expect(summary(found)).toEqual(['1 key 1200320401020304']);
  });

  it('drops a picture of which an OBU is cut', () => {
    const found = assemble('av1', [
      [1, [0x58, 0x30, 1, 2]],
      [1, [0x10, 3, 4], last],
    ]);
    expect(found.pictures).toEqual([]);
  });
});
