import { nextMsn, type ListedSegment, type MediaPlaylist } from './playlistModel.ts';

/**
 * The playlist that a delta update stands for (RFC 8216bis §6.3.7): skipped segments come from the copy the client
 * has. Null when that copy lacks some of them.
 */
export function applyDelta(known: MediaPlaylist, delta: MediaPlaylist): MediaPlaylist | null {
  if (delta.skipped === 0) return delta;
  const firstListed = delta.mediaSequence + delta.skipped;
  if (known.mediaSequence > delta.mediaSequence || nextMsn(known) < firstListed) return null;
  const carried = known.segments
    .filter(({ msn }) => msn >= delta.mediaSequence && msn < firstListed)
    .map((segment) => ({ ...segment, parts: [] }));
  const last = carried.at(-1);
  const mapped = carryMap(delta.segments, last?.mapUri ?? null);
  const dsnShift = (last?.dsn ?? delta.discontinuitySequence) - delta.discontinuitySequence;
  const shifted = mapped.map((segment) => ({ ...segment, dsn: segment.dsn + dsnShift }));
  const open = delta.open && {
    ...delta.open,
    mapUri: delta.open.mapUri ?? shifted.at(-1)?.mapUri ?? last?.mapUri ?? null,
    dsn: delta.open.dsn + dsnShift,
  };
  return { ...delta, skipped: 0, segments: [...carried, ...shifted], open };
}

/** Tags in the skipped part still apply to what comes after it. */
function carryMap(segments: readonly ListedSegment[], mapUri: string | null): ListedSegment[] {
  return segments.map((segment) => ({ ...segment, mapUri: segment.mapUri ?? mapUri }));
}
