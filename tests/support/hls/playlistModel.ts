/** A media playlist as its lines say it; nothing is corrected or assumed. */
export interface ListedPart {
  readonly uri: string;
  readonly durationSec: number;
  readonly independent: boolean;
  readonly gap: boolean;
}

export interface ListedSegment {
  readonly msn: number;
  readonly uri: string;
  readonly durationSec: number;
  readonly programDateTimeMs: number | null;
  /** EXT-X-DISCONTINUITY applies to it. */
  readonly discontinuity: boolean;
  /** Discontinuity sequence number. */
  readonly dsn: number;
  readonly mapUri: string | null;
  readonly gap: boolean;
  readonly byteRange: { readonly length: number; readonly offset: number } | null;
  readonly parts: readonly ListedPart[];
}

/** Parts after the last complete segment, with what applies to them. */
export type OpenSegment = Omit<ListedSegment, 'uri' | 'durationSec' | 'gap' | 'byteRange'>;

export interface MediaPlaylist {
  readonly version: number;
  readonly targetDurationSec: number;
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  /** Attributes of EXT-X-SERVER-CONTROL by name; null without the tag. */
  readonly serverControl: ReadonlyMap<string, string> | null;
  readonly partTargetSec: number | null;
  readonly playlistType: string | null;
  readonly iFramesOnly: boolean;
  readonly ended: boolean;
  /** Segments replaced by EXT-X-SKIP; the playlist is a delta update when above 0. */
  readonly skipped: number;
  readonly segments: readonly ListedSegment[];
  readonly open: OpenSegment | null;
  readonly hints: readonly { readonly type: string; readonly uri: string }[];
  readonly reports: readonly {
    readonly uri: string;
    readonly lastMsn: number;
    readonly lastPart: number | null;
  }[];
  /** What is wrong with the text itself. */
  readonly faults: readonly string[];
}

/** A rule of PROTOCOLS A that was broken. */
export interface Violation {
  readonly rule: string;
  readonly where: string;
  readonly detail: string;
}

/** Number of the segment after the last complete one. */
export const nextMsn = (playlist: MediaPlaylist): number =>
  playlist.mediaSequence + playlist.skipped + playlist.segments.length;

/** Seconds from the first listed segment to the end of the last part. */
export function listedSec(playlist: MediaPlaylist): number {
  const closed = playlist.segments.reduce((sum, segment) => sum + segment.durationSec, 0);
  return closed + partsSec(playlist.open?.parts ?? []);
}

export const partsSec = (parts: readonly ListedPart[]): number =>
  parts.reduce((sum, part) => sum + part.durationSec, 0);
