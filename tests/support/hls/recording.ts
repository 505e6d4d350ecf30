import type { MediaPlaylist } from './playlistModel.ts';

/** One version of a playlist as a client saw it (delta updates already applied). */
export interface Snapshot {
  readonly atMs: number;
  readonly playlist: MediaPlaylist;
  /** Exactly what was answered. */
  readonly text: string;
  /** It was a delta update. */
  readonly delta: boolean;
}

/** A playlist followed over time. `id` is the folder: `720p`. */
export interface FollowedPlaylist {
  readonly id: string;
  readonly kind: 'video' | 'audio' | 'iFrames';
  readonly url: string;
  readonly snapshots: Snapshot[];
}

/** A file that was fetched because it was listed, hinted, or had left the list a while ago. */
export interface FetchedFile {
  readonly url: string;
  readonly playlist: string;
  readonly why: 'part' | 'segment' | 'init' | 'hint' | 'left the list';
  readonly status: number;
  readonly byteLength: number;
  readonly contentType: string | null;
  /** Hash of the bytes. */
  readonly digest: string;
  /** For parts and segments that are MP4: a sync sample is inside; null when it can't be told. */
  readonly holdsKeyFrame: boolean | null;
}

/** The bytes of a segment against those of its parts. */
export interface SegmentComparison {
  readonly playlist: string;
  readonly msn: number;
  readonly same: boolean;
}

/** An answer that wasn't a playlist: a status, or why there was none. */
export interface FailedReload {
  readonly playlist: string;
  readonly atMs: number;
  readonly url: string;
  readonly failure: string;
}

/** Everything a client saw of a playback. */
export interface PlaybackRecording {
  readonly multivariantUrl: string;
  readonly multivariant: string;
  readonly playlists: readonly FollowedPlaylist[];
  readonly files: readonly FetchedFile[];
  readonly comparisons: readonly SegmentComparison[];
  readonly failures: readonly FailedReload[];
}
