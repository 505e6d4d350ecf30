/** Samples of one AAC-LC frame; all audio renditions are AAC-LC at 48 kHz. */
const AUDIO_FRAME_SEC = 1024 / 48_000;
/** RFC 8216bis: a part is at least 85 % of the part target, and never longer than it. */
export const SHORTEST_PART = 0.85;

/** Candidates are multiples of this, which five decimals in a playlist say exactly. */
const STEP_MS = 5;
const SMALLEST_MS = 100;
const LARGEST_MS = 1100;
/** Whole frames fill this much of the part target: room on both sides for times rounded to milliseconds. */
const VIDEO_FILL = { least: 0.9, most: 0.985 } as const;
/** One frame more must be too long by this, also with rounded times: then every part has the same number. */
const CLEAR_OF_NEXT_FRAME_SEC = 0.004;

function fitsVideo(targetSec: number, frameSec: number): boolean {
  const frames = Math.floor(targetSec / frameSec);
  const fill = (frames * frameSec) / targetSec;
  const clear = (frames + 1) * frameSec - targetSec;
  return fill >= VIDEO_FILL.least && fill <= VIDEO_FILL.most && clear > CLEAR_OF_NEXT_FRAME_SEC;
}

/** Audio frames are exact, so a part of them may be as long as the target. */
function fitsAudio(targetSec: number): boolean {
  return Math.floor(targetSec / AUDIO_FRAME_SEC + 1e-9) * AUDIO_FRAME_SEC >= targetSec * SHORTEST_PART;
}

/**
 * PART-TARGET of a session, in seconds: the one nearest to `preferredSec` for which whole video frames as well as
 * whole audio frames make parts of 85 to 100 % of it. The larger of two as near.
 *
 * @param frameRate frames per second of the session's video; null for audio alone. For a rate that fits nothing
 *   (under one frame a second) the preferred value is returned: the packager then stretches parts over frames.
 */
export function choosePartTarget(frameRate: number | null, preferredSec: number): number {
  const frameSec = frameRate === null || !(frameRate > 0) ? null : 1 / frameRate;
  let best: number | null = null;
  for (let ms = SMALLEST_MS; ms <= LARGEST_MS; ms += STEP_MS) {
    const targetSec = ms / 1000;
    if (!fitsAudio(targetSec) || (frameSec !== null && !fitsVideo(targetSec, frameSec))) continue;
    const distance = Math.abs(targetSec - preferredSec);
    if (best === null || distance <= Math.abs(best - preferredSec) + 1e-9) best = targetSec;
  }
  return best ?? preferredSec;
}
