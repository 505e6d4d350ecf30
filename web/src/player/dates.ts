/** The part of a media playlist's fragment that maps dates to positions. */
export interface DatedFragment {
  readonly start: number;
  readonly duration: number;
  readonly programDateTime: number | null;
}

/**
 * Position of a moment of the broadcast in a playlist, in seconds. A moment in a gap (nothing was on air) is the
 * begin of what came next, one outside is the nearest end; null without dates.
 */
export function positionOfDate(fragments: readonly DatedFragment[], dateMs: number): number | null {
  const dated = fragments.filter(
    (f): f is DatedFragment & { programDateTime: number } => f.programDateTime !== null,
  );
  const last = dated.at(-1);
  if (last === undefined) return null;
  const next = dated.find((f) => dateMs < f.programDateTime + f.duration * 1000);
  if (next === undefined) return last.start + last.duration;
  return next.start + Math.max(0, (dateMs - next.programDateTime) / 1000);
}
