import { OpusDecoder } from 'opus-decoder';
import { brightnessOf, byteStream, wholePictures } from '../../../../tests/support/rtp/h264Stream.ts';
import type { ReceivedPacket, RtpViewer } from './RtpViewer.ts';

const bright = 150;
const loud = 0.05;
/** The beep of a flash that is as near to the first or last sound may not be among the sounds. */
const edgeMs = 100;

/** When (Unix milliseconds) what a viewer received flashed, while there was sound, and beeped at its capture. */
export interface FlashesAndBeeps {
  readonly flashesMs: readonly number[];
  readonly beepsMs: readonly number[];
}

/** Decodes what came so far: pictures to one in their order, sounds to 20 ms. */
export async function flashesAndBeeps(viewer: RtpViewer): Promise<FlashesAndBeeps> {
  const pictures = wholePictures(viewer.of('video'));
  const timestamps = [...new Set(pictures.map(({ timestamp }) => timestamp))];
  const brightness = await brightnessOf(byteStream(pictures));
  if (brightness.length !== timestamps.length) {
    throw new Error(`${timestamps.length} pictures came and ${brightness.length} were decoded`);
  }
  const sounds = viewer.of('audio');
  const beginnings = onsets(brightness, bright).map((at) => timestamps[at] ?? 0);
  const beeps = onsets(await loudness(sounds), loud).map((at) => sounds[at]?.timestamp ?? 0);
  const heardMs = sounds.map(({ timestamp }) => viewer.capturedMs('audio', timestamp));
  const [fromMs, toMs] = [heardMs[0] ?? Infinity, heardMs.at(-1) ?? -Infinity];
  return {
    flashesMs: beginnings
      .map((timestamp) => viewer.capturedMs('video', timestamp))
      .filter((flashMs) => flashMs > fromMs + edgeMs && flashMs < toMs - edgeMs),
    beepsMs: beeps.map((timestamp) => viewer.capturedMs('audio', timestamp)),
  };
}

/** Root mean square of each Opus packet, 1 = full scale. */
async function loudness(packets: readonly ReceivedPacket[]): Promise<number[]> {
  const decoder = new OpusDecoder();
  await decoder.ready;
  try {
    return packets.map(({ payload }) => {
      const samples = decoder.decodeFrame(payload).channelData[0] ?? new Float32Array(0);
      return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
    });
  } finally {
    decoder.free();
  }
}

/** Where values rise above a threshold. */
function onsets(values: readonly number[], threshold: number): number[] {
  return values.flatMap((value, at) => {
    const before = values[at - 1];
    return before !== undefined && before <= threshold && value > threshold ? [at] : [];
  });
}
