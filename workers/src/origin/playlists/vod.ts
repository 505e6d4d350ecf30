import { iFrameLines } from './iFrameLines.ts';
import type { SegmentRecord } from './records.ts';
import { MAP_VERSION, roundedTarget, segmentLines } from './tags.ts';

export interface VodOptions {
  /** Seconds; the live session's target duration, raised only if a segment is longer. */
  readonly targetDurationSec: number;
}

type LinesOf = (segment: SegmentRecord, previousInitPath: string | undefined) => string;

function renderVod(
  segments: readonly SegmentRecord[],
  options: VodOptions,
  extraHead: string,
  linesOf: LinesOf,
): string {
  const target = roundedTarget(
    segments.map((segment) => segment.durationSec),
    options.targetDurationSec,
  );
  const head =
    `#EXTM3U\n#EXT-X-VERSION:${MAP_VERSION}\n#EXT-X-TARGETDURATION:${target}\n` +
    `#EXT-X-MEDIA-SEQUENCE:${segments[0]?.msn ?? 0}\n#EXT-X-PLAYLIST-TYPE:VOD\n${extraHead}`;
  const body = segments.map((segment, index) => linesOf(segment, segments[index - 1]?.initPath));
  return `${head}${body.join('')}#EXT-X-ENDLIST\n`;
}

/**
 * Media playlist of a recording: PLAYLIST-TYPE VOD with an end. Segments are given in order and without holes;
 * `alignRenditions` makes such lists for all renditions of a playback.
 */
export function renderVodPlaylist(segments: readonly SegmentRecord[], options: VodOptions): string {
  return renderVod(segments, options, '', segmentLines);
}

/** I-frame playlist of a recording, for scrubbing: the key frames' byte ranges in the segment files. */
export function renderVodIFramePlaylist(segments: readonly SegmentRecord[], options: VodOptions): string {
  return renderVod(segments, options, '#EXT-X-I-FRAMES-ONLY\n', iFrameLines);
}
