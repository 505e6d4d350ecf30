import { BitWriter } from '@maydan/common';
import { keyFrameOf } from './keyFrame.ts';
import { PictureMeter } from './PictureMeter.ts';

const sps = Buffer.from('6742c00dda05067e7c0440000003004000000f03c50aa8', 'hex');
const vp8Key = (width: number, height: number): Buffer =>
  Buffer.from([0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, width & 255, width >> 8, height & 255, height >> 8]);

describe('a key frame', () => {
  it('of H.264 begins with its parameters, alone or with others, which tell the size', () => {
    const size = { width: 320, height: 180 };
    expect(keyFrameOf('video/H264', sps)).toEqual({ size });
    const pps = Buffer.from([0x68, 1]);
    const stapA = Buffer.concat([
      ...[Buffer.from([0x78, 0, sps.length]), sps],
      ...[Buffer.from([0, pps.length]), pps],
    ]);
    expect(keyFrameOf('video/H264', stapA)).toEqual({ size });
    expect(keyFrameOf('video/H264', Buffer.from([0x65, 0x88]))).toEqual({ size: null });
    expect(keyFrameOf('video/H264', Buffer.from([0x7c, 0x85, 1]))).toEqual({ size: null });
    expect(keyFrameOf('video/H264', Buffer.from([0x7c, 0x05, 1]))).toBeNull();
    expect(keyFrameOf('video/H264', Buffer.from([0x41, 1]))).toBeNull();
    expect(keyFrameOf('video/H264', sps.subarray(0, 6))).toEqual({ size: null });
  });

  it('of VP8 has its size in the frame header', () => {
    expect(keyFrameOf('video/VP8', vp8Key(1_280, 720))).toEqual({ size: { width: 1_280, height: 720 } });
    // With a picture id of two bytes, a temporal layer and a key index.
    const extended = Buffer.concat([
      Buffer.from([0x90, 0xf0, 0x81, 0x23, 5, 0x40]),
      vp8Key(640, 360).subarray(1),
    ]);
    expect(keyFrameOf('video/VP8', extended)).toEqual({ size: { width: 640, height: 360 } });
    const inter = vp8Key(640, 360);
    inter[1] = 0x11;
    expect(keyFrameOf('video/VP8', inter)).toBeNull();
    const later = vp8Key(640, 360);
    later[0] = 0x00;
    expect(keyFrameOf('video/VP8', later)).toBeNull();
  });

  it('of VP9 may tell the sizes of its layers, of which the largest is taken', () => {
    const layers = [0x30, 0x01, 0x40, 0x00, 0xb4, 0x02, 0x80, 0x01, 0x68];
    const size = { width: 640, height: 360 };
    expect(keyFrameOf('video/VP9', Buffer.from([0x0a, ...layers, 0x82]))).toEqual({ size });
    // With a picture id and layer indices.
    expect(keyFrameOf('video/VP9', Buffer.from([0xaa, 0x81, 2, 0, 0, ...layers]))).toEqual({ size });
    expect(keyFrameOf('video/VP9', Buffer.from([0x08, 0x82]))).toEqual({ size: null });
    // The second layer of the same picture, and a picture that needs others.
    expect(keyFrameOf('video/VP9', Buffer.from([0x28, 2, 0, 1]))).toBeNull();
    expect(keyFrameOf('video/VP9', Buffer.from([0x48, 1]))).toBeNull();
  });

  it('of AV1 has its sequence header in the first packet of the sequence', () => {
    const header = new BitWriter()
      .put(0, 3)
      .put(0, 4)
      .put(0, 5)
      .put(0, 12)
      .put(8, 5)
      .put(0, 1)
      .put(10, 4)
      .put(9, 4)
      .put(1_279, 11)
      .put(719, 10)
      .put(0, 6)
      .bytes();
    const size = { width: 1_280, height: 720 };
    const obu = [0x08, ...header];
    // W 2: the first element has its length before it.
    expect(keyFrameOf('video/AV1', Buffer.from([0x28, obu.length, ...obu, 0x30, 1]))).toEqual({ size });
    // W 1: the only element has none; here with a size of its own.
    expect(keyFrameOf('video/AV1', Buffer.from([0x18, 0x0a, header.length, ...header]))).toEqual({ size });
    expect(keyFrameOf('video/AV1', Buffer.from([0x18, ...obu.slice(0, 6)]))).toEqual({ size: null });
    expect(keyFrameOf('video/AV1', Buffer.from([0x10, 0x30, 1]))).toBeNull();
  });

  it('is none in what is cut, and in codecs nobody knows', () => {
    for (const codec of ['video/H264', 'video/VP8', 'video/VP9', 'video/AV1', 'video/H265']) {
      expect(keyFrameOf(codec, Buffer.alloc(0))).toBeNull();
    }
    expect(keyFrameOf('video/VP8', vp8Key(640, 360).subarray(0, 8))).toBeNull();
    expect(keyFrameOf('video/AV1', Buffer.from([0x08]))).toEqual({ size: null });
    expect(keyFrameOf('video/AV1', Buffer.from([0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))).toEqual({
      size: null,
    });
  });
});

describe('the meter of pictures', () => {
  let sequence = 0;
  const packet = (timestamp: number, payload: Buffer): Buffer => {
    const header = Buffer.alloc(12);
    header.writeUInt8(0x80, 0);
    header.writeUInt16BE(sequence++ & 0xffff, 2);
    header.writeUInt32BE(timestamp >>> 0, 4);
    return Buffer.concat([header, payload]);
  };
  const inter = Buffer.from([0x10, 0x11, 0, 0]);
  const more = Buffer.from([0x00, 1, 2]);
  const start = 2 ** 32 - 90_000;

  it('counts pictures, however many packets they have, also where timestamps wrap', () => {
    const meter = new PictureMeter('video/VP8');
    expect(meter.read(0)).toEqual({
      ...{ frameRate: null, width: null, height: null, keyFrameIntervalMs: null, frames: null },
    });
    for (let frame = 0; frame < 60; frame += 1) {
      const payloads = [frame === 0 ? vp8Key(640, 360) : inter, more];
      for (const payload of payloads) meter.add(packet(start + frame * 3_000, payload), frame * 33);
    }
    const frames = { received: 60, lost: 0, late: 0 };
    expect(meter.read(2_000)).toMatchObject({ frameRate: 30, width: 640, height: 360, frames });
    expect(meter.read(3_000)).toMatchObject({ frameRate: 0, frames: { received: 0 } });
  });

  it('takes a picture that was overtaken, or sent again, for none', () => {
    const meter = new PictureMeter('video/VP8');
    meter.read(0);
    for (const timestamp of [9_000, 3_000, 9_000, 12_000]) meter.add(packet(timestamp, inter), 0);
    expect(meter.read(1_000).frameRate).toBe(2);
  });

  it('measures from key frame to key frame, and the wait for the next one', () => {
    const meter = new PictureMeter('video/VP8');
    meter.add(packet(0, vp8Key(640, 360)), 0);
    expect(meter.read(500).keyFrameIntervalMs).toBeNull();
    meter.add(packet(180_000, vp8Key(320, 180)), 2_000);
    expect(meter.read(2_500)).toMatchObject({ keyFrameIntervalMs: 2_000, width: 320, height: 180 });
    expect(meter.read(9_000).keyFrameIntervalMs).toBe(7_000);
  });

  it('passes over what is no RTP', () => {
    const meter = new PictureMeter('video/VP8');
    meter.add(Buffer.from('garbage'), 0);
    meter.read(0);
    expect(meter.read(1_000).frameRate).toBe(0);
  });
});
