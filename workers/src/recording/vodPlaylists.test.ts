import { PlaybackHistory } from './PlaybackHistory.ts';
import { legEvents, segmentsOfAll } from './testing/syntheticPlayback.ts';
import { vodPlaylists } from './vodPlaylists.ts';

/** A history of so many segments, and the playlists over all but the `missing` files. */
function playlistsWithout(segments: number, missing: readonly string[]) {
  const history = new PlaybackHistory();
  for (const event of [...legEvents(), ...segmentsOfAll(0, segments - 1)]) history.apply(event);
  const result = vodPlaylists(history, (path) => !missing.includes(path));
  const text = (path: string) => result?.files.find((file) => file.path === path)?.text ?? '';
  const listed = (id: string) =>
    [...text(`${id}/index.m3u8`).matchAll(/^s(\d+)-1\.m4s$/gm)].map(([, msn]) => Number(msn));
  return { result, text, listed };
}
const audio = (msn: number) => `audio/s${msn}-1.m4s`;

describe('playlists of a recording', () => {
  it('list everything that is stored, the multivariant playlist last', () => {
    const { result, listed, text } = playlistsWithout(3, []);
    expect(result?.files.map(({ path }) => path)).toEqual([
      '360p/index.m3u8',
      '360p/iframes.m3u8',
      'audio/index.m3u8',
      'index.m3u8',
    ]);
    expect(listed('360p')).toEqual([0, 1, 2]);
    expect(result).toMatchObject({ durationMs: 6_000, byteLength: 48_000 });
    // 16,000 bytes in 2 s, and what the sound takes beside it.
    expect(text('index.m3u8')).toMatch(/BANDWIDTH=64000,AVERAGE-BANDWIDTH=64000/);
  });

  it('have a gap where one rendition lacks a segment', () => {
    const { text, listed } = playlistsWithout(4, [audio(1)]);
    expect(text('audio/index.m3u8')).toMatch(/#EXT-X-GAP\n#EXTINF:2\.00000,\ns1-1\.m4s\n/);
    expect(text('360p/index.m3u8')).not.toContain('#EXT-X-GAP');
    expect(listed('audio')).toEqual([0, 1, 2, 3]);
  });

  it('end together where a crash tore renditions at different places', () => {
    const { listed } = playlistsWithout(5, [audio(3), audio(4)]);
    expect(listed('360p')).toEqual([0, 1, 2]);
    expect(listed('audio')).toEqual([0, 1, 2]);
  });

  it('do not lose the rest of a recording to one rendition', () => {
    const missing = Array.from({ length: 15 }, (_, index) => audio(index + 5));
    expect(playlistsWithout(20, missing).listed('360p')).toHaveLength(20);
    const all = Array.from({ length: 20 }, (_, index) => audio(index));
    const { listed, text } = playlistsWithout(20, all);
    expect(listed('360p')).toHaveLength(20);
    expect(text('index.m3u8')).not.toContain('audio');
  });

  it('are none when nothing is stored', () => {
    const paths = ['360p', 'audio'].flatMap((id) => [0, 1].map((msn) => `${id}/s${msn}-1.m4s`));
    expect(playlistsWithout(2, paths).result).toBeNull();
    expect(vodPlaylists(new PlaybackHistory(), () => true)).toBeNull();
  });
});
