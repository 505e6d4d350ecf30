import { gapLike } from '../gaps.ts';
import type { SegmentRecord } from './records.ts';

type Lists = ReadonlyMap<string, readonly SegmentRecord[]>;

/** First and last segment numbers that every rendition has; null when there is none. */
function commonSpan(lists: readonly (readonly SegmentRecord[])[]): { first: number; last: number } | null {
  const first = Math.max(...lists.map((list) => list[0]?.msn ?? Infinity));
  const last = Math.min(...lists.map((list) => list.at(-1)?.msn ?? -Infinity));
  return Number.isFinite(first) && Number.isFinite(last) && first <= last ? { first, last } : null;
}

function filled(
  rendition: string,
  own: readonly SegmentRecord[],
  models: ReadonlyMap<number, SegmentRecord>,
  numbers: readonly number[],
): SegmentRecord[] {
  const byMsn = new Map(own.map((segment) => [segment.msn, segment]));
  let initPath = own[0]?.initPath ?? '';
  return numbers.flatMap((msn) => {
    const model = models.get(msn);
    if (!model) return [];
    const segment = byMsn.get(msn) ?? gapLike(model, rendition, initPath);
    initPath = segment.initPath;
    return [{ ...segment, discontinuity: model.discontinuity }];
  });
}

/**
 * Lists of stored segments made to match over renditions, as a recording needs it (RFC 8216bis §6.2.4): all
 * begin and end with the same segment, what one lacks in between is a gap, and discontinuities are in the same
 * places. A segment number that no rendition has is left out everywhere and becomes a discontinuity.
 */
export function alignRenditions(lists: Lists): Map<string, SegmentRecord[]> {
  const present = [...lists].filter(([, list]) => list.length > 0);
  const span = commonSpan(present.map(([, list]) => list));
  if (!span) return new Map(present.map(([id]) => [id, []]));
  const models = modelSegments(
    present.map(([, list]) => list),
    span,
  );
  const numbers = [...models.keys()];
  return new Map(present.map(([id, list]) => [id, filled(id, list, models, numbers)]));
}

/** For each number the first rendition's segment that exists, discontinuous where any rendition says so or a number is missing. */
function modelSegments(
  lists: readonly (readonly SegmentRecord[])[],
  span: { first: number; last: number },
): Map<number, SegmentRecord> {
  const found = new Map<number, SegmentRecord>();
  for (const segment of lists.flat()) {
    if (segment.msn < span.first || segment.msn > span.last || segment.gap) continue;
    const known = found.get(segment.msn);
    const discontinuity = segment.discontinuity || known?.discontinuity === true;
    found.set(segment.msn, { ...(known ?? segment), discontinuity });
  }
  const ordered = [...found.values()].sort((a, b) => a.msn - b.msn);
  return new Map(
    ordered.map((segment, index) => {
      const previous = ordered[index - 1];
      const hole = previous !== undefined && segment.msn !== previous.msn + 1;
      return [segment.msn, { ...segment, discontinuity: index > 0 && (segment.discontinuity || hole) }];
    }),
  );
}
