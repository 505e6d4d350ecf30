/**
 * Plain records that playlists are rendered from. The live window makes them while folding events; the
 * recording stores them (as JSON) and renders the VOD playlists from them later, maybe in another process.
 */

/** A key frame's own moof+mdat in its segment file: what an I-frame playlist points at. */
export interface KeyFrame {
  /** Byte offset from the start of the segment file. */
  readonly offset: number;
  readonly length: number;
  readonly mediaTimeSec: number;
}

/** One complete segment of one rendition. */
export interface SegmentRecord {
  /** Media sequence number: the same number is the same span of time in every rendition. */
  readonly msn: number;
  /** Relative to the playback's root, for example `720p/s12-3.m4s`. */
  readonly path: string;
  /** Media time of the first sample. */
  readonly mediaTimeSec: number;
  readonly durationSec: number;
  /** Unix ms of the first sample, may be fractional. */
  readonly programDateTimeMs: number;
  /** True when an EXT-X-DISCONTINUITY precedes it. */
  readonly discontinuity: boolean;
  /** Init segment, relative to the playback's root, for example `720p/i0-3.mp4`. */
  readonly initPath: string;
  /** In order of time; empty for audio. */
  readonly keyFrames: readonly KeyFrame[];
  readonly byteLength: number;
  /** This rendition lacks the segment: it keeps its place in the numbering with EXT-X-GAP (no media is there). */
  readonly gap?: boolean;
  /** Leg it belongs to, as far as it is known; tells a discontinuity that was said from one still to be said. */
  readonly leg?: number;
}

/** What the multivariant playlist says of one rendition. Bit rates are of this rendition alone. */
export interface RenditionRecord {
  readonly id: string;
  readonly kind: 'video' | 'audio';
  /** RFC 6381 codecs of every leg, without repetition. */
  readonly codecs: readonly string[];
  readonly width?: number;
  readonly height?: number;
  readonly frameRate?: number;
  /** Highest segment bit rate to announce. */
  readonly peakBps: number;
  readonly averageBps: number;
  /** Highest bit rate of its I-frame playlist; 0 or absent when it has none. */
  readonly iFramePeakBps?: number;
}
