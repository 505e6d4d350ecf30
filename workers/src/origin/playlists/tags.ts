import type { SegmentRecord } from './records.ts';

/** Version that EXT-X-MAP outside an I-frame playlist needs (RFC 8216bis §8), and rounded target durations. */
export const MAP_VERSION = 6;
/** Version that EXT-X-SKIP needs (RFC 8216bis §8). */
export const SKIP_VERSION = 9;

/** Decimal-floating-point seconds; 10 µs are finer than one audio sample at 48 kHz. */
export const seconds = (valueSec: number): string => valueSec.toFixed(5);

/** A part target may not be printed smaller than the longest part (RFC 8216bis §4.4.4.9), so it rounds up. */
export const partTargetSeconds = (valueSec: number): string =>
  seconds(Math.ceil(valueSec * 1e5 - 1e-4) / 1e5);

export const dateTime = (unixMs: number): string => new Date(Math.round(unixMs)).toISOString();

/** A playlist lives in its rendition's folder, and so do all files it names: their base name is the URI. */
export const uriOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

export const mapTag = (initPath: string): string => `#EXT-X-MAP:URI="${uriOf(initPath)}"\n`;

/**
 * Tags that apply to a segment and come before its first part (RFC 8216bis §4.4.4.9).
 * `previousInitPath` is what the segment before it used: the map is said again only when it changes.
 */
export function segmentPreamble(
  segment: Pick<SegmentRecord, 'discontinuity' | 'initPath' | 'programDateTimeMs'>,
  previousInitPath: string | undefined,
): string {
  const discontinuity = segment.discontinuity ? '#EXT-X-DISCONTINUITY\n' : '';
  const map = segment.initPath === previousInitPath ? '' : mapTag(segment.initPath);
  return `${discontinuity}${map}#EXT-X-PROGRAM-DATE-TIME:${dateTime(segment.programDateTimeMs)}\n`;
}

/** The lines of a complete segment; `partLines` are those of its parts while they are listed. */
export function segmentLines(
  segment: SegmentRecord,
  previousInitPath: string | undefined,
  partLines = '',
): string {
  const gap = segment.gap ? '#EXT-X-GAP\n' : '';
  const end = `${gap}#EXTINF:${seconds(segment.durationSec)},\n${uriOf(segment.path)}\n`;
  return segmentPreamble(segment, previousInitPath) + partLines + end;
}

/** EXT-X-TARGETDURATION: no segment's duration, rounded to the nearest second, is above it (§4.4.3.1). */
export function roundedTarget(durationsSec: Iterable<number>, atLeastSec: number): number {
  let target = Math.ceil(atLeastSec);
  for (const durationSec of durationsSec) target = Math.max(target, Math.round(durationSec));
  return target;
}
