import { Buffer } from 'node:buffer';
import {
  aacConfigTag,
  aacFrameTag,
  avcConfigTag,
  avcFrameTag,
  flvHeader,
  metadataTag,
} from '../flv/writeFlv.ts';
import type { EncoderInput } from './EncoderInput.ts';

/** H.264 and AAC as FLV. */
export const flvInput: EncoderInput = {
  format: 'flv',
  header: ({ video, audio, frameRate }) =>
    Buffer.concat([
      flvHeader({ video: video !== null, audio: audio !== null }),
      metadataTag(frameRate === null ? {} : { framerate: frameRate }),
      ...(video === null ? [] : [avcConfigTag(0, video.record)]),
      ...(audio === null ? [] : [aacConfigTag(0, audio.record)]),
    ]),
  picture: avcFrameTag,
  sound: aacFrameTag,
};
