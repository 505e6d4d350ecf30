import type { SegmentRecord } from './records.ts';
import { segmentPreamble, seconds, uriOf } from './tags.ts';

/** One entry of an I-frame playlist: a key frame shown until the next one. */
interface IFrameEntry {
  readonly durationSec: number;
  readonly offset: number;
  readonly length: number;
}

/**
 * The key frames of a segment with the time each is shown. The first one covers the time from the segment's
 * start and the last one to its end, so that the entries' durations add up to the segment's.
 */
function entriesOf(segment: SegmentRecord): IFrameEntry[] {
  const endSec = segment.mediaTimeSec + segment.durationSec;
  return segment.keyFrames.map((keyFrame, index, all) => {
    const fromSec = index === 0 ? segment.mediaTimeSec : keyFrame.mediaTimeSec;
    const toSec = all[index + 1]?.mediaTimeSec ?? endSec;
    return { durationSec: Math.max(0, toSec - fromSec), offset: keyFrame.offset, length: keyFrame.length };
  });
}

/** How many entries (media segments of the I-frame playlist) a segment gives; a missing one is one gap entry. */
export const iFrameCount = (segment: SegmentRecord): number =>
  segment.gap ? 1 : Math.max(1, segment.keyFrames.length);

/** The lines of one segment in an I-frame playlist (RFC 8216bis §4.4.3.6): byte ranges of the segment file. */
export function iFrameLines(segment: SegmentRecord, previousInitPath: string | undefined): string {
  const preamble = segmentPreamble(segment, previousInitPath);
  const uri = uriOf(segment.path);
  if (segment.gap || segment.keyFrames.length === 0)
    return `${preamble}#EXT-X-GAP\n#EXTINF:${seconds(segment.durationSec)},\n${uri}\n`;
  const lines = entriesOf(segment).map(
    (entry) =>
      `#EXTINF:${seconds(entry.durationSec)},\n#EXT-X-BYTERANGE:${entry.length}@${entry.offset}\n${uri}\n`,
  );
  return preamble + lines.join('');
}
