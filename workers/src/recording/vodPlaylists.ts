import { mediaPath, type Rendition } from '../live/events.ts';
import { BitrateMeter } from '../origin/BitrateMeter.ts';
import {
  alignRenditions,
  renderMultivariant,
  renderVodIFramePlaylist,
  renderVodPlaylist,
  type RenditionRecord,
  type SegmentRecord,
} from '../origin/playlists/index.ts';
import type { PlaybackHistory } from './PlaybackHistory.ts';

export interface VodFile {
  /** Relative to the playback. */
  readonly path: string;
  readonly text: string;
}

export interface VodPlaylists {
  /** In the order they are to be written: the multivariant playlist last, since it makes the recording visible. */
  readonly files: readonly VodFile[];
  readonly durationMs: number;
  /** Bytes of all media that the playlists list. */
  readonly byteLength: number;
}

/**
 * The playlists of a recording over what is stored. Segments that aren't become gaps; a rendition of which nothing is
 * stored is left out. Null when nothing is stored at all.
 */
export function vodPlaylists(
  history: PlaybackHistory,
  isStored: (path: string) => boolean,
): VodPlaylists | null {
  const { started } = history;
  if (started === null) return null;
  const lists = new Map<string, SegmentRecord[]>();
  for (const id of history.renditionIds) {
    const segments = history
      .segments(id)
      .map((segment) => (isStored(segment.path) ? segment : asGap(segment)));
    if (segments.some(({ gap }) => gap !== true)) lists.set(id, segments);
  }
  trimEnd(lists);
  const aligned = alignRenditions(lists);
  const renditions = started.renditions.filter(({ id }) => (aligned.get(id)?.length ?? 0) > 0);
  if (renditions.length === 0) return null;
  const { targetDurationSec } = started;
  const files: VodFile[] = [];
  for (const { id, kind } of renditions) {
    const segments = aligned.get(id) ?? [];
    files.push({ path: mediaPath.playlist(id), text: renderVodPlaylist(segments, { targetDurationSec }) });
    if (kind === 'audio') continue;
    const text = renderVodIFramePlaylist(segments, { targetDurationSec });
    files.push({ path: mediaPath.iFramePlaylist(id), text });
  }
  const records = renditions.map((rendition) =>
    renditionRecord(rendition, aligned.get(rendition.id) ?? [], history, targetDurationSec),
  );
  files.push({ path: mediaPath.multivariant, text: renderMultivariant(records) });
  const durations = [...aligned.values()].map((segments) =>
    sum(segments.map(({ durationSec }) => durationSec)),
  );
  const byteLength = sum([...aligned.values()].flat().map((segment) => segment.byteLength));
  return { files, durationMs: Math.round(Math.max(...durations) * 1_000), byteLength };
}

/** Segments that a recording may lose at its end for the sake of a clean one. */
const mostTrimmed = 2;

const asGap = (segment: SegmentRecord): SegmentRecord => ({
  ...segment,
  keyFrames: [],
  byteLength: 0,
  gap: true,
});

/**
 * Renditions torn at different places: players don't like to end in a gap, so the last segments go that not every
 * rendition has. A rendition that lacks more than a moment isn't worth the others' end.
 */
function trimEnd(lists: ReadonlyMap<string, SegmentRecord[]>): void {
  const all = [...lists.values()];
  const lastWhole = Math.min(...all.map((list) => list.findLast(({ gap }) => gap !== true)?.msn ?? -1));
  const last = Math.max(...all.map((list) => list.at(-1)?.msn ?? -1));
  if (last - lastWhole > mostTrimmed) return;
  for (const list of all) {
    while ((list.at(-1)?.msn ?? -1) > lastWhole) list.pop();
  }
}

/** Bit rates as measured over the whole recording. */
function renditionRecord(
  rendition: Rendition,
  segments: readonly SegmentRecord[],
  history: PlaybackHistory,
  targetDurationSec: number,
): RenditionRecord {
  const meter = new BitrateMeter(targetDurationSec);
  for (const { byteLength, durationSec, gap } of segments) {
    if (gap !== true) meter.add(byteLength, durationSec);
  }
  const initPaths = new Set(segments.map(({ initPath }) => initPath));
  const inits = history.inits.filter(({ path }) => initPaths.has(path));
  const codecs = [...new Set(inits.map((init) => init.codecs))];
  const measured = { id: rendition.id, codecs, peakBps: meter.peakBps, averageBps: meter.averageBps };
  if (rendition.kind === 'audio') return { ...measured, kind: 'audio' };
  const { width, height, frameRate } = rendition;
  return { ...measured, kind: 'video', width, height, frameRate, iFramePeakBps: iFramePeakBps(segments) };
}

/** Each key frame is shown until the next one. */
function iFramePeakBps(segments: readonly SegmentRecord[]): number {
  const frames = segments.flatMap(({ keyFrames }) => keyFrames);
  const rates = frames.map(({ length, mediaTimeSec }, index) => {
    const shownSec = (frames[index + 1]?.mediaTimeSec ?? mediaTimeSec + 2) - mediaTimeSec;
    return shownSec > 0 ? (length * 8) / shownSec : 0;
  });
  return rates.reduce((most, rate) => Math.max(most, rate), 0);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
