/** How playback could begin under the browser's autoplay policy. */
export type AutoplayResult = 'sound' | 'muted' | 'blocked' | 'aborted';

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

/**
 * Starts with sound if the browser lets us, else muted (the page then offers to unmute), else not at all (the
 * page offers a play button). `aborted`: another load or pause came in between.
 */
export async function startPlayback(video: HTMLVideoElement): Promise<AutoplayResult> {
  try {
    await video.play();
    return 'sound';
  } catch (error) {
    if (nameOf(error) !== 'NotAllowedError') return 'aborted';
  }
  video.muted = true;
  try {
    await video.play();
    return 'muted';
  } catch (error) {
    return nameOf(error) === 'NotAllowedError' ? 'blocked' : 'aborted';
  }
}
