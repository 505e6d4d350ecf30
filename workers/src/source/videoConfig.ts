import { holdsIdr, parseAvcConfig, type AvcConfig } from './avcConfig.ts';
import { parseHevcConfig, type HevcConfig } from './hevcConfig.ts';
import type { VideoContent } from './flv/tagContent.ts';

/** How a source's pictures are coded: all that is needed to decode them, but for the pictures. */
export type VideoConfig = AvcConfig | HevcConfig;

const parsers: { readonly [Codec in VideoConfig['codec']]: (record: Uint8Array) => VideoConfig } = {
  h264: parseAvcConfig,
  hevc: parseHevcConfig,
};

/** Whether pictures of this codec can be taken. */
export function isTaken(codec: string): codec is VideoConfig['codec'] {
  return Object.hasOwn(parsers, codec);
}

/** Throws RangeError when the record is cut or makes no sense. */
export function parseVideoConfig(codec: VideoConfig['codec'], record: Uint8Array): VideoConfig {
  return parsers[codec](record);
}

/** Whether any player can begin with this picture. Only H.264 is ever passed on, so only there it has to be looked at. */
export function isEntry({ key, data }: VideoContent, config: VideoConfig): boolean {
  return key && (config.codec !== 'h264' || holdsIdr(data, config.lengthSize));
}
