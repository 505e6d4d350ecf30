/** A key frame of a recording and where its bytes are. */
export interface IFrameEntry {
  /** Seconds from the recording's start. */
  readonly startSec: number;
  readonly durationSec: number;
  /** Relative to the playback. */
  readonly initPath: string;
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/** The smallest and a large video rendition of a recording, by their I-frame playlists. */
export interface IFrameRendition {
  /** Relative to the playback. */
  readonly playlistPath: string;
  readonly width: number;
  readonly height: number;
}

const iFrameStream = /^#EXT-X-I-FRAME-STREAM-INF:.*\bRESOLUTION=(\d+)x(\d+).*\bURI="([^"]+)"/gm;

/** Video renditions that a multivariant playlist of ours offers for scrubbing, the smallest first. */
export function iFrameRenditions(multivariant: string): IFrameRendition[] {
  const found = [...multivariant.matchAll(iFrameStream)].map(([, width, height, playlistPath]) => ({
    playlistPath: playlistPath ?? '',
    width: Number(width),
    height: Number(height),
  }));
  return found.sort((a, b) => a.width * a.height - b.width * b.height);
}

/** Reads an I-frame playlist of ours (RFC 8216bis 4.4.3.6). Gaps take their time but give no entry. */
export function iFrameEntries(playlist: string, playlistPath: string): IFrameEntry[] {
  const folder = playlistPath.slice(0, playlistPath.lastIndexOf('/') + 1);
  const entries: IFrameEntry[] = [];
  let initPath = '';
  let durationSec = 0;
  let range: [length: number, offset: number] | null = null;
  let startSec = 0;
  for (const line of playlist.split('\n')) {
    if (line.startsWith('#EXT-X-MAP:')) initPath = folder + (/URI="([^"]+)"/.exec(line)?.[1] ?? '');
    else if (line.startsWith('#EXTINF:')) durationSec = Number.parseFloat(line.slice('#EXTINF:'.length));
    else if (line.startsWith('#EXT-X-BYTERANGE:')) {
      const [length, offset] = line.slice('#EXT-X-BYTERANGE:'.length).split('@').map(Number);
      range = [length ?? 0, offset ?? 0];
    } else if (line !== '' && !line.startsWith('#')) {
      const place = { initPath, path: folder + line };
      if (range !== null)
        entries.push({ startSec, durationSec, ...place, length: range[0], offset: range[1] });
      startSec += durationSec;
      range = null;
    }
  }
  return entries;
}
