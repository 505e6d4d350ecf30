import { Parser } from 'm3u8-parser';
import { waitFor } from './waitFor.ts';

export interface MediaPlaylistView {
  readonly url: string;
  readonly text: string;
  readonly mediaSequence: number;
  /** Media sequence number of the newest whole segment; -1 when there is none. */
  readonly lastMsn: number;
  readonly durationSec: number;
  readonly discontinuities: number;
  readonly ended: boolean;
  readonly segmentUrls: readonly string[];
}

async function fetchText(url: string): Promise<string> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response.text();
}

/** Addresses of the media playlists that a multivariant playlist names, the first variant's first. */
export async function mediaPlaylistUrls(hlsUrl: string): Promise<string[]> {
  const text = await fetchText(hlsUrl);
  const parser = new Parser();
  parser.push(text);
  parser.end();
  const variants = (parser.manifest.playlists ?? []).map((playlist) => playlist.uri);
  const groups = Object.values(parser.manifest.mediaGroups?.AUDIO ?? {}).flatMap((group) =>
    Object.values(group),
  );
  const uris = [
    ...variants,
    ...groups.flatMap((rendition) => (rendition.uri === undefined ? [] : [rendition.uri])),
  ];
  return [...new Set(uris.map((uri) => new URL(uri, hlsUrl).href))];
}

/** Reads a media playlist with a parser that isn't ours. */
export async function readMediaPlaylist(url: string): Promise<MediaPlaylistView> {
  const text = await fetchText(url);
  const parser = new Parser();
  parser.push(text);
  parser.end();
  const { manifest } = parser;
  const mediaSequence = manifest.mediaSequence ?? 0;
  const whole = manifest.segments.filter((segment) => segment.uri !== undefined && segment.duration > 0);
  return {
    url,
    text,
    mediaSequence,
    lastMsn: mediaSequence + whole.length - 1,
    durationSec: whole.reduce((sum, segment) => sum + segment.duration, 0),
    discontinuities: manifest.discontinuityStarts?.length ?? 0,
    ended: manifest.endList ?? false,
    segmentUrls: whole.map((segment) => new URL(segment.uri ?? '', url).href),
  };
}

/** The first variant's media playlist. */
export async function readTopPlaylist(hlsUrl: string): Promise<MediaPlaylistView> {
  const [url] = await mediaPlaylistUrls(hlsUrl);
  if (url === undefined) throw new Error('the multivariant playlist names no playlist');
  return readMediaPlaylist(url);
}

/** Waits until a segment newer than `msn` is whole. */
export async function waitForNewerSegment(
  hlsUrl: string,
  msn: number,
  timeoutMs = 60_000,
): Promise<MediaPlaylistView> {
  return waitFor(
    `a segment after ${msn}`,
    async () => {
      const playlist = await readTopPlaylist(hlsUrl);
      return playlist.lastMsn > msn ? playlist : undefined;
    },
    { timeoutMs, everyMs: 200 },
  );
}
