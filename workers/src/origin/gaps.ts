import type { SegmentRecord } from './playlists/records.ts';

type Start = Pick<SegmentRecord, 'msn' | 'mediaTimeSec' | 'programDateTimeMs' | 'initPath'>;

/** What stands in for a segment that a rendition lacks: same time, same place, no media (EXT-X-GAP). */
export function gapLike(model: SegmentRecord, rendition: string, initPath: string): SegmentRecord {
  const path = `${rendition}/gap${model.msn}.m4s`;
  return { ...model, path, initPath, keyFrames: [], byteLength: 0, gap: true };
}

/**
 * Stand-ins for the segments between `last` and `next`, so that the numbering stays that of the other renditions
 * (RFC 8216bis §6.2.1). Each copies the other renditions' segment; where no rendition has one, the time that is
 * missing is shared evenly.
 */
export function gapsBetween(
  last: SegmentRecord,
  next: Start,
  rendition: string,
  elsewhere: (msn: number) => SegmentRecord | undefined,
): SegmentRecord[] {
  const missing = next.msn - last.msn - 1;
  const endSec = last.mediaTimeSec + last.durationSec;
  const shareSec = Math.max(0, next.mediaTimeSec - endSec) / Math.max(1, missing);
  return Array.from({ length: Math.max(0, missing) }, (_, index) => {
    const msn = last.msn + 1 + index;
    const mediaTimeSec = endSec + index * shareSec;
    const programDateTimeMs = next.programDateTimeMs - (next.mediaTimeSec - mediaTimeSec) * 1000;
    const blank = {
      ...last,
      msn,
      mediaTimeSec,
      durationSec: shareSec,
      programDateTimeMs,
      discontinuity: false,
    };
    return gapLike(elsewhere(msn) ?? { ...blank, leg: undefined }, rendition, last.initPath);
  });
}
