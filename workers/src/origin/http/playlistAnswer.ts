import type { PlaylistText } from '../playlists/PlaylistText.ts';
import { PLAYLIST_TYPE } from './mediaTypes.ts';
import { PreparedAnswer, type Header } from './PreparedAnswer.ts';

const gzipHeader: readonly Header[] = [['Content-Encoding', 'gzip']];

/** A playlist as a response, in one of its two codings (each with its own entity tag, RFC 9110 §8.8.3). */
export function playlistAnswer(text: PlaylistText, gzip: boolean, maxAgeSec: number): PreparedAnswer {
  return new PreparedAnswer({
    kind: 'playlist',
    body: gzip ? text.gzip : text.identity,
    entityTag: `"${text.entityTag}${gzip ? '-gzip' : ''}"`,
    headers: [
      ['Content-Type', PLAYLIST_TYPE],
      ...(gzip ? gzipHeader : []),
      ['Cache-Control', `public, max-age=${maxAgeSec}`],
      ['Vary', 'Accept-Encoding'],
    ],
  });
}
