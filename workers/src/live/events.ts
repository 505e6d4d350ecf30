/**
 * The event log of one playback. The packager emits it, the origin's window folds it, the journal stores
 * it and replays it after a crash: it is the one description of what was produced.
 *
 * Order guaranteed by the packager, per rendition: `leg.started` → `init.written` → for each segment
 * `segment.started`, `part.written`…, `segment.ended`. The same media sequence number (`msn`) covers the same
 * span of media time in every rendition. Times are media time in seconds on one timeline that never goes back.
 *
 * Every rendition has every msn. One that has no media for a segment gets it all the same, as a gap: its
 * `segment.started` and `segment.ended` follow each other without a part, `byteLength` is 0 and `durationSec` that of
 * the span. A playlist keeps its place with EXT-X-GAP; no file exists for it.
 */

/**
 * Number of a playback's first segment. Not 0, which hls.js (1.7.4 at least) takes for none: it would load the parts
 * of that segment again and again. Playbacks from before this was so began with 0 and keep their numbers.
 */
export const FIRST_MSN = 1;

/** What a rendition is; fixed for the life of a session, since players load the multivariant playlist once. */
export type Rendition =
  | {
      readonly kind: 'video';
      /** Directory name in URLs, for example `720p`. */
      readonly id: string;
      /** Size of the first leg; a later leg may be smaller. */
      readonly width: number;
      readonly height: number;
      readonly frameRate: number;
      /** True when the source's own bytes are passed on without encoding. */
      readonly copied: boolean;
      /** Expected bit rate: the encoder's, or the publisher's announced one (0 when unknown). */
      readonly bitrateBps: number;
    }
  | { readonly kind: 'audio'; readonly id: string; readonly bitrateBps: number };

/** First event of a playback, written once. */
export interface PlaybackStarted {
  readonly type: 'playback.started';
  readonly renditions: readonly Rendition[];
  /** Seconds; EXT-X-TARGETDURATION, never changes. */
  readonly targetDurationSec: number;
  /** Seconds; EXT-X-PART-INF:PART-TARGET, never changes. */
  readonly partTargetSec: number;
}

/** A new stretch of source; every leg but the first begins with a discontinuity. */
export interface LegStarted {
  readonly type: 'leg.started';
  readonly leg: number;
  /** Media time at which the leg starts. */
  readonly mediaTimeSec: number;
  /** Wall clock (Unix ms) of that media time; mapping is constant within a leg. */
  readonly programDateTimeMs: number;
}

export interface InitWritten {
  readonly type: 'init.written';
  readonly rendition: string;
  readonly init: number;
  readonly leg: number;
  readonly fence: number;
  /** RFC 6381, for example `avc1.64001f` or `mp4a.40.2`. */
  readonly codecs: string;
  readonly width?: number;
  readonly height?: number;
  readonly bytes: Uint8Array;
}

export interface SegmentStarted {
  readonly type: 'segment.started';
  readonly rendition: string;
  readonly msn: number;
  readonly leg: number;
  /** The rendition's newest init segment; -1 in a gap before it ever had one. */
  readonly init: number;
  readonly fence: number;
  /** Presentation time of the key frame it begins with, from which EXTINF counts. */
  readonly mediaTimeSec: number;
  /** Unix ms, may be fractional. */
  readonly programDateTimeMs: number;
  /** True on the first segment of every leg, except on the playback's very first segment. */
  readonly discontinuity: boolean;
}

export interface PartWritten {
  readonly type: 'part.written';
  readonly rendition: string;
  readonly msn: number;
  /** Index in its segment, from 0. */
  readonly part: number;
  readonly durationSec: number;
  /** The part holds a key frame, though maybe not as its first frame (RFC 8216bis INDEPENDENT); true for audio. */
  readonly independent: boolean;
  /** Where each key frame's own moof+mdat lies within these bytes, and its media time; empty for audio. */
  readonly keyFrames: readonly {
    readonly offset: number;
    readonly length: number;
    readonly mediaTimeSec: number;
  }[];
  readonly bytes: Uint8Array;
}

export interface SegmentEnded {
  readonly type: 'segment.ended';
  readonly rendition: string;
  readonly msn: number;
  /** Sum of its parts' durations (EXTINF). */
  readonly durationSec: number;
  /** Sum of its parts' sizes; 0 marks a gap. */
  readonly byteLength: number;
}

export interface LegEnded {
  readonly type: 'leg.ended';
  readonly leg: number;
}

/** Last event; nothing follows it. */
export interface PlaybackEnded {
  readonly type: 'playback.ended';
}

export type MediaEvent =
  | PlaybackStarted
  | LegStarted
  | InitWritten
  | SegmentStarted
  | PartWritten
  | SegmentEnded
  | LegEnded
  | PlaybackEnded;

/** Paths relative to `/hls/<playbackId>/` and to the S3 prefix `live/<playbackId>/`. */
export const mediaPath = {
  init: (rendition: string, init: number, fence: number): string => `${rendition}/i${init}-${fence}.mp4`,
  segment: (rendition: string, msn: number, fence: number): string => `${rendition}/s${msn}-${fence}.m4s`,
  part: (rendition: string, msn: number, fence: number, part: number): string =>
    `${rendition}/s${msn}-${fence}.p${part}.m4s`,
  playlist: (rendition: string): string => `${rendition}/index.m3u8`,
  iFramePlaylist: (rendition: string): string => `${rendition}/iframes.m3u8`,
  multivariant: 'index.m3u8',
} as const;
