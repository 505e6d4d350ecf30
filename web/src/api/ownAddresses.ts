import type { Session } from '@maydan/contracts';

const playlist = 'index.m3u8';
const token = /\/~[^/]+\/[^/]*$/;

/**
 * What is told to all has no viewer's token. A page that plays a public session with its own goes on with it: a new address
 * would begin the player anew.
 */
export function withOwnAddresses(session: Session, own: Session): Session {
  const { playback } = session;
  const ownUrl = own.playback.hlsUrl;
  if (
    session.visibility === 'private' ||
    playback.playbackId !== own.playback.playbackId ||
    !token.test(ownUrl)
  )
    return session;
  const from = playback.hlsUrl.length - playlist.length;
  const to = ownUrl.slice(0, ownUrl.length - playlist.length);
  const moved = (url: string | null): string | null => (url === null ? null : to + url.slice(from));
  return {
    ...session,
    playback: {
      ...playback,
      hlsUrl: ownUrl,
      posterUrl: moved(playback.posterUrl),
      storyboardUrl: moved(playback.storyboardUrl),
    },
  };
}
