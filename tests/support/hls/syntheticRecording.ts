import { LiveWindow } from '../../../workers/src/origin/LiveWindow.ts';
import { renderMultivariant } from '../../../workers/src/origin/playlists/index.ts';
import { renderIFrames, renderMedia } from '../../../workers/src/origin/renderLive.ts';
import { SyntheticFeed } from '../../../workers/src/origin/testing/SyntheticFeed.ts';
import { applyDelta } from './applyDelta.ts';
import { parseMediaPlaylist } from './parsePlaylist.ts';
import type { FetchedFile, FollowedPlaylist, PlaybackRecording } from './recording.ts';

const BASE = 'http://origin.example/hls/abc/';

function capture(window: LiveWindow, playlist: FollowedPlaylist, atMs: number, delta: boolean): void {
  const render = playlist.kind === 'iFrames' ? renderIFrames : renderMedia;
  const rendered = (delta && render(window, playlist.id, 'delta')) || render(window, playlist.id, 'full');
  if (!rendered) return;
  const text = rendered.text.identity.toString();
  const parsed = parseMediaPlaylist(text);
  const known = playlist.snapshots.at(-1)?.playlist;
  const whole = parsed.skipped > 0 && known ? applyDelta(known, parsed) : parsed;
  if (whole) playlist.snapshots.push({ atMs, playlist: whole, text, delta: parsed.skipped > 0 });
}

function filesOf(playlist: FollowedPlaylist, bitrateBps: number): FetchedFile[] {
  if (playlist.kind === 'iFrames') return [];
  const parts = new Map<string, boolean>();
  const segments = new Map<string, number>();
  const inits = new Set<string>();
  for (const { playlist: version } of playlist.snapshots) {
    for (const segment of version.segments) segments.set(segment.uri, segment.durationSec);
    for (const segment of [...version.segments, ...(version.open ? [version.open] : [])]) {
      if (segment.mapUri) inits.add(segment.mapUri);
      for (const part of segment.parts) parts.set(part.uri, part.independent);
    }
  }
  const file = (
    uri: string,
    why: FetchedFile['why'],
    byteLength: number,
    key: boolean | null,
  ): FetchedFile => ({
    url: new URL(uri, playlist.url).href,
    playlist: playlist.id,
    why,
    status: 200,
    byteLength,
    contentType: why === 'init' ? 'video/mp4' : 'video/iso.segment',
    digest: uri,
    holdsKeyFrame: key,
  });
  return [
    ...[...inits].map((uri) => file(uri, 'init', 700, null)),
    ...[...parts].map(([uri, independent]) => file(uri, 'part', 1000, independent)),
    ...[...parts]
      .slice(0, 4)
      .flatMap(([uri]) => [file(uri, 'left the list', 1000, null), file(uri, 'hint', 1000, null)]),
    ...[...segments].map(([uri, durationSec]) => file(uri, 'segment', (bitrateBps * durationSec) / 8, null)),
  ];
}

/**
 * What a client would have recorded of a faultless playback with a reconnect, made without network or media from
 * the origin's own fold: the starting point of tests that then break one thing.
 */
export function syntheticRecording(): PlaybackRecording {
  const window = new LiveWindow({ dvrWindowSec: 30, older: { open: () => Promise.resolve(null) } });
  const feed = new SyntheticFeed((event) => window.apply(event), {
    partSec: 0.5,
    partsPerSegment: 4,
  }).start();
  const follow = (id: string, kind: FollowedPlaylist['kind']): FollowedPlaylist => {
    const file = kind === 'iFrames' ? 'iframes' : 'index';
    return { id, kind, url: `${BASE}${id}/${file}.m3u8`, snapshots: [] };
  };
  const playlists = [
    follow('720p', 'video'),
    follow('360p', 'video'),
    follow('audio', 'audio'),
    follow('720p', 'iFrames'),
    follow('360p', 'iFrames'),
  ];
  for (let step = 0; step < 70; step += 1) {
    if (step === 37) feed.reconnect(3000);
    feed.parts(1);
    for (const playlist of playlists) capture(window, playlist, step * 500, step % 4 !== 0);
  }
  const multivariant = renderMultivariant(window.renditionRecords());
  feed.end();
  for (const playlist of playlists) capture(window, playlist, 70 * 500, false);
  const bitrates = new Map(feed.renditions.map(({ id, bitrateBps }) => [id, bitrateBps]));
  return {
    multivariantUrl: `${BASE}index.m3u8`,
    multivariant,
    playlists,
    files: playlists.flatMap((playlist) => filesOf(playlist, bitrates.get(playlist.id) ?? 0)),
    comparisons: [{ playlist: '720p', msn: 3, same: true }],
    failures: [],
  };
}
