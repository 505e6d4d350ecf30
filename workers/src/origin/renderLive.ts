import type { LiveWindow } from './LiveWindow.ts';
import {
  renderLiveHead,
  renderLiveTail,
  skipBoundarySec,
  type PlaybackTiming,
} from './playlists/livePlaylist.ts';
import { PlaylistText } from './playlists/PlaylistText.ts';
import type { SlidingPlaylist } from './playlists/SlidingPlaylist.ts';
import { segmentLines } from './playlists/tags.ts';
import type { RenditionWindow } from './RenditionWindow.ts';

export type LiveForm = 'full' | 'delta';

/** A rendered version of a live playlist. */
export interface RenderedPlaylist {
  readonly text: PlaylistText;
  /** For a delta update the first media segment it lists; a client must know all before it. */
  readonly firstListed: number;
}

interface Pieces {
  readonly timing: PlaybackTiming;
  readonly playlist: SlidingPlaylist;
  readonly iFramesOnly: boolean;
  /** Complete segments whose text is final. */
  readonly finalCount: number;
  /** Segments after those: complete ones with parts, and the open one. */
  readonly edge: string;
  readonly tail: string;
}

function compose(pieces: Pieces, form: LiveForm): RenderedPlaylist | null {
  const { playlist, timing, finalCount } = pieces;
  const skippable = form === 'delta' ? Math.min(finalCount, playlist.skippable(skipBoundarySec(timing))) : 0;
  if (form === 'delta' && skippable === 0) return null;
  const skipped = playlist.countOf(skippable);
  const head = renderLiveHead({
    timing,
    mediaSequence: playlist.mediaSequence,
    discontinuitySequence: playlist.discontinuitySequence,
    skipped,
    iFramesOnly: pieces.iFramesOnly,
  });
  const firstListed = playlist.mediaSequence + skipped;
  const end = pieces.edge + pieces.tail;
  if (form === 'delta')
    return { text: new PlaylistText(head + playlist.lines(skippable, finalCount) + end), firstListed };
  const closed = playlist.blocks(finalCount);
  if (closed.blocks.length === 0) return { text: new PlaylistText(head + closed.head + end), firstListed };
  return { text: new PlaylistText(head + closed.head, closed.blocks, closed.tail + end), firstListed };
}

/** Lines of the segments at the live edge, with their parts. */
function edgeLines(rendition: RenditionWindow): string {
  const { parted, segments, open } = rendition;
  let previous = segments.at(-parted.length - 1)?.initPath;
  const lines = parted.map(({ segment, partLines }) => {
    const text = segmentLines(segment, previous, partLines);
    previous = segment.initPath;
    return text;
  });
  return lines.join('') + (open?.lines(previous) ?? '');
}

/**
 * The live media playlist of a rendition. A delta update (RFC 8216bis §6.2.5.1) is null when there is nothing
 * to skip yet, and once the playback has ended.
 */
export function renderMedia(window: LiveWindow, id: string, form: LiveForm): RenderedPlaylist | null {
  const rendition = window.rendition(id);
  if (!window.timing || !rendition?.media || !rendition.hasContent) return null;
  if (form === 'delta' && window.ended) return null;
  const pieces = {
    timing: window.timing,
    playlist: rendition.media,
    iFramesOnly: false,
    finalCount: rendition.segments.length - rendition.parted.length,
    edge: edgeLines(rendition),
    tail: renderLiveTail(window.ended, rendition.hintPath(), window.reportsFor(id)),
  };
  return compose(pieces, form);
}

/** The live I-frame playlist of a video rendition: complete segments only, no parts (RFC 8216bis §4.4.4.9). */
export function renderIFrames(window: LiveWindow, id: string, form: LiveForm): RenderedPlaylist | null {
  const playlist = window.rendition(id)?.iFrames;
  if (!window.timing || !playlist || playlist.length === 0) return null;
  if (form === 'delta' && window.ended) return null;
  const tail = renderLiveTail(window.ended, null, window.reportsFor(id));
  const pieces = { timing: window.timing, playlist, edge: '', tail };
  return compose({ ...pieces, iFramesOnly: true, finalCount: playlist.length }, form);
}
