import type { Rendition } from '../live/events.ts';

/** Box headers of the parts: some 300 bytes each, a few a second. */
const CONTAINER_BPS = 12_000;
/**
 * With VBV (maxrate 1.1×, buffer of one second) a 2 s segment can reach 1.6× the encoder's rate; the measured
 * peak has to stay under 125 % of what is said, hence 1.3×.
 */
const VIDEO_PEAK_FACTOR = 1.3;
const AUDIO_PEAK_FACTOR = 1.1;
/** Room over a first measurement, as long as little has been seen. */
const UNKNOWN_PEAK_FACTOR = 1.2;

export interface Bitrates {
  readonly peakBps: number;
  readonly averageBps: number;
}

/**
 * What the multivariant playlist says of a live rendition: never less than what was measured so far nor than
 * what the encoder is allowed to make, since players read it once and the picture may become harder later.
 */
export function announcedBitrates(rendition: Rendition, measured: Bitrates): Bitrates {
  const factor = rendition.kind === 'video' ? VIDEO_PEAK_FACTOR : AUDIO_PEAK_FACTOR;
  if (rendition.bitrateBps === 0)
    return { peakBps: measured.peakBps * UNKNOWN_PEAK_FACTOR, averageBps: measured.averageBps };
  return {
    peakBps: Math.max(measured.peakBps, rendition.bitrateBps * factor + CONTAINER_BPS),
    averageBps: Math.max(measured.averageBps, rendition.bitrateBps + CONTAINER_BPS),
  };
}
