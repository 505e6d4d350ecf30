/** Names the header extension in RTP parameters. */
export const audioLevelUri = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';
/** What the quietest sound is told as, digital silence among it. */
export const silentLevel = 127;
/** What is softer is no voice: the sfu takes it for the noise of a room, too. */
const softestVoice = 70;

/**
 * How loud a frame is, as RFC 6464 tells it: 0 is the loudest (a square wave of full scale), 127 silence, in steps of
 * 1 dB below overload. Samples are from -1 to 1; of two channels the louder one counts.
 */
export function audioLevelOf(channels: readonly Float32Array[]): number {
  const loudest = Math.max(0, ...channels.map(meanSquare));
  if (loudest === 0) return silentLevel;
  return Math.min(silentLevel, Math.max(0, Math.round(-10 * Math.log10(loudest))));
}

/** The byte of the header extension (RFC 6464, section 3): voice or not, then the level. */
export function audioLevelByte(level: number): number {
  return (level < softestVoice ? 0x80 : 0) | level;
}

function meanSquare(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length === 0 ? 0 : sum / samples.length;
}
