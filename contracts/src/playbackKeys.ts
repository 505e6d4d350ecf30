import { z } from 'zod';

/** Redis keys and S3 prefix of one playback, shared by the workers (writers) and the api (reader). */
export const playbackKeys = {
  fence: (playbackId: string): string => `maydan:playback:${playbackId}:fence`,
  /** Internal URL of the origin that has the playback in memory; expires unless refreshed. */
  origin: (playbackId: string): string => `maydan:playback:${playbackId}:origin`,
  /** List of records of stored segments, for the takeover by another worker. */
  segments: (playbackId: string): string => `maydan:playback:${playbackId}:segments`,
  /** Set of the playbacks that only their viewers' tokens play. */
  private: 'maydan:playback:private',
  /** Users whose tokens are good, by when they expire (milliseconds). */
  leases: (playbackId: string): string => `maydan:playback:${playbackId}:leases`,
  /**
   * Who was banned lately, by when no token of theirs is left that could be good (milliseconds): `<playback> <user>`, or
   * `* <user>` for a banned account. Who was kicked is there for `kickedFromPlaybackSec`.
   */
  banned: 'maydan:playback:banned',
  /** Those of `banned` who were kicked, which PostgreSQL knows nothing of. */
  kicked: 'maydan:playback:kicked',
  /** Another word with each change of `banned`. */
  bannedVersion: 'maydan:playback:banned:version',
  /** A channel: `playbackNews` as JSON. Who missed some reads the keys above once a second. */
  news: 'maydan:playback:news',
  s3Prefix: (playbackId: string): string => `live/${playbackId}/`,
} as const;

/** What origins hear at once of who may play what; the keys say it already. */
export const playbackNews = z.discriminatedUnion('type', [
  /** `member` of `banned` is refused until then (milliseconds), or longer if that is known; 0: no more. */
  z.object({ type: z.literal('banned'), member: z.string(), untilMs: z.number() }),
  /** It became private or public, or leases ended. */
  z.object({ type: z.literal('access'), playbackId: z.string() }),
]);
export type PlaybackNews = z.infer<typeof playbackNews>;

/** A playback token is good for so long at most. */
export const playbackTokenSec = 86_400;

/** Who was kicked plays the session no more for so long; then they may come back. */
export const kickedFromPlaybackSec = 30;

/** A lease that nobody asks anything with ends so soon. */
export const playbackLeaseSec = 120;

/** Whom `playbackKeys.banned` is about; `playbackId` null: an account that plays nothing at all. */
export const bannedFromPlayback = (playbackId: string | null, userId: string): string =>
  `${playbackId ?? '*'} ${userId}`;
