import { MediaFetcher } from './MediaFetcher.ts';
import { parseMultivariant, type Multivariant } from './multivariantRules.ts';
import { PlaylistFollower } from './PlaylistFollower.ts';
import type {
  FailedReload,
  FetchedFile,
  FollowedPlaylist,
  PlaybackRecording,
  SegmentComparison,
} from './recording.ts';

export interface WatchOptions {
  /** Address of the multivariant playlist. */
  readonly url: string;
  /** How long to watch, unless the playback ends before. */
  readonly durationMs: number;
}

function followed(multivariant: Multivariant, base: string): FollowedPlaylist[] {
  const audioUris = multivariant.media.flatMap((media) => media.get('URI') ?? []);
  const list = [
    ...multivariant.variants.map(({ uri }) => [uri, audioUris.includes(uri) ? 'audio' : 'video'] as const),
    ...audioUris.map((uri) => [uri, 'audio'] as const),
    ...multivariant.iFrames.map(({ uri }) => [uri, 'iFrames'] as const),
  ];
  return [...new Map(list)].map(([uri, kind]) => ({
    id: uri.slice(0, uri.lastIndexOf('/')),
    kind,
    url: new URL(uri, base).href,
    snapshots: [],
  }));
}

/**
 * Watches a live playback like a low-latency player that is curious about everything: follows all its playlists
 * with blocking reloads and delta updates, and fetches every init, part, segment and hinted part of the renditions
 * as they are named. For `validatePlayback` and `crossCheck`. Throws when the multivariant playlist can't be had.
 */
export async function watchPlayback(options: WatchOptions): Promise<PlaybackRecording> {
  const response = await fetch(options.url);
  const multivariant = await response.text();
  if (response.status !== 200) throw new Error(`${options.url} answered ${response.status}`);
  const playlists = followed(parseMultivariant(multivariant), options.url);
  const files: FetchedFile[] = [];
  const comparisons: SegmentComparison[] = [];
  const failures: FailedReload[] = [];
  const watching = new AbortController();
  const { signal } = watching;
  const end = setTimeout(() => watching.abort(), options.durationMs);
  const fetchers = new Map(
    playlists
      .filter(({ kind }) => kind !== 'iFrames')
      .map((playlist) => [playlist, new MediaFetcher(playlist, { signal, files, comparisons })] as const),
  );
  try {
    await Promise.all(
      playlists.map((playlist) => {
        const onVersion = (version: Parameters<MediaFetcher['see']>[0]) =>
          fetchers.get(playlist)?.see(version);
        return new PlaylistFollower(playlist, { signal, failures, onVersion }).run();
      }),
    );
  } finally {
    clearTimeout(end);
    if (!signal.aborted) setTimeout(() => watching.abort(), 2000).unref();
    await Promise.all([...fetchers.values()].map((fetcher) => fetcher.settle()));
    watching.abort();
  }
  return { multivariantUrl: options.url, multivariant, playlists, files, comparisons, failures };
}
