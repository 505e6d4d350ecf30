/** Playback as the position bar shows it, in seconds of the video element's timeline. */
export interface Timeline {
  readonly startSec: number;
  readonly endSec: number;
  readonly positionSec: number;
  readonly bufferedEndSec: number;
}

/** Share of the bar in [0, 1]; an empty bar is at its end. */
export function fraction(timeline: Timeline, sec: number): number {
  const lengthSec = timeline.endSec - timeline.startSec;
  if (!(lengthSec > 0)) return 1;
  return Math.min(1, Math.max(0, (sec - timeline.startSec) / lengthSec));
}

/** A position that can be played; live viewers keep the wanted distance from the edge. */
export function clampPosition(timeline: Timeline, sec: number, liveSyncSec: number | null): number {
  const last = liveSyncSec ?? timeline.endSec;
  return Math.max(timeline.startSec, Math.min(sec, last));
}

export interface ClockParts {
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
}

export function clockParts(totalSec: number): ClockParts {
  const whole = Math.max(0, Math.floor(Number.isFinite(totalSec) ? totalSec : 0));
  return { hours: Math.floor(whole / 3600), minutes: Math.floor(whole / 60) % 60, seconds: whole % 60 };
}

export interface TimeRange {
  readonly startSec: number;
  readonly endSec: number;
}

/** End of the buffered range that holds `sec`, or `sec` itself when nothing is loaded there. */
export function bufferedEnd(ranges: readonly TimeRange[], sec: number): number {
  const toleranceSec = 0.15;
  const range = ranges.find((r) => r.startSec <= sec + toleranceSec && r.endSec >= sec);
  return range ? range.endSec : sec;
}
