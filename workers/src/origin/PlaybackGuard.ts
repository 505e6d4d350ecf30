/** Who may play what. Public playbacks should cost nothing. */
export interface PlaybackGuard {
  /** Known to be public, also for whom the token of the address names, at this moment and without waiting. */
  isPublic(playbackId: string, token: string | null): boolean;
  /**
   * `token` is that of the address. Throws AppError `forbidden` or `account_banned` for a user who was banned. Of a private
   * playback also `session_private` without a token, `token_invalid` for one that isn't for this playback, `token_expired` for
   * a user who isn't let in any more; `unavailable` when it can't be told.
   */
  check(playbackId: string, token: string | null): Promise<'public' | 'private'>;
  /** Our own token for another origin, which was asked by a viewer whom we have checked. */
  ownToken(playbackId: string): string;
}

/** Everything is public. */
export const openToAll: PlaybackGuard = {
  isPublic: () => true,
  check: () => Promise.resolve('public'),
  ownToken: () => '',
};
