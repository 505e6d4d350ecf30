import { encodeAmf } from './amf0.ts';

/** Payloads of audio, video and data messages, well-formed outside and empty inside: nobody decodes them here. */
export const flvMedia = {
  metadata: (width = 320): Buffer => encodeAmf('@setDataFrame', 'onMetaData', { width, height: 180 }),
  avcConfig: (mark = 1): Buffer => Buffer.from([0x17, 0, 0, 0, 0, mark]),
  keyFrame: (mark = 1, length = 20): Buffer => video(0x17, mark, length),
  frame: (mark = 1, length = 20): Buffer => video(0x27, mark, length),
  aacConfig: (mark = 1): Buffer => Buffer.from([0xaf, 0, 0x11, mark]),
  aac: (mark = 1): Buffer => Buffer.from([0xaf, 1, mark]),
  /** Enhanced RTMP, HEVC: configuration and key frame. */
  hevcConfig: (): Buffer => Buffer.from([0x90, ...Buffer.from('hvc1'), 1, 2, 3]),
  hevcKeyFrame: (): Buffer => Buffer.from([0x91, ...Buffer.from('hvc1'), 0, 0, 0, 9]),
};

function video(first: number, mark: number, length: number): Buffer {
  return Buffer.concat([Buffer.from([first, 1, 0, 0, 0]), Buffer.alloc(Math.max(length - 5, 1), mark)]);
}
