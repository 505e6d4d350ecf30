export { alignRenditions } from './alignRenditions.ts';
export { renderMultivariant } from './multivariant.ts';
export type { KeyFrame, RenditionRecord, SegmentRecord } from './records.ts';
export { renderVodIFramePlaylist, renderVodPlaylist, type VodOptions } from './vod.ts';
