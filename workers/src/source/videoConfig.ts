import { changedInBand, holdsIdr, parseAvcConfig, type AvcConfig } from './avcConfig.ts';
import { parseAv1Config, type Av1Config } from './av1Config.ts';
import type { VideoContent } from './flv/tagContent.ts';
import { parseHevcConfig, type HevcConfig } from './hevcConfig.ts';
import { vp9ConfigWithin, type Vp9Config } from './vp9Config.ts';

/** How a source's pictures are coded: all that is needed to decode them, but for the pictures. */
export type VideoConfig = AvcConfig | HevcConfig | Av1Config | Vp9Config;

/** Null: the configuration doesn't matter, key frames have it. */
const parsers: { readonly [Codec in VideoConfig['codec']]: (record: Uint8Array) => VideoConfig | null } = {
  h264: parseAvcConfig,
  hevc: parseHevcConfig,
  av1: parseAv1Config,
  vp9: () => null,
};

/** Whether pictures of this codec can be taken. */
export function isTaken(codec: string): codec is VideoConfig['codec'] {
  return Object.hasOwn(parsers, codec);
}

/** Null when only key frames tell it. Throws RangeError when the record is cut or makes no sense. */
export function parseVideoConfig(codec: VideoConfig['codec'], record: Uint8Array): VideoConfig | null {
  return parsers[codec](record);
}

/** The configuration that a key frame itself tells, when it is another one than `current`; null otherwise. */
export function configWithin(
  data: Uint8Array,
  codec: VideoConfig['codec'],
  current: VideoConfig | null,
): VideoConfig | null {
  try {
    if (codec === 'vp9') return vp9ConfigWithin(data, current?.codec === 'vp9' ? current : null);
    return current?.codec === 'h264' ? changedInBand(data, current) : null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Whether any player can begin with this picture. Only H.264 is ever passed on, so only there it has to be looked at. */
export function isEntry({ key, data }: VideoContent, config: VideoConfig): boolean {
  return key && (config.codec !== 'h264' || holdsIdr(data, config.lengthSize));
}
