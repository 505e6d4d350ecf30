import type { MediaSource } from '@maydan/contracts';
import { parseScalabilityMode } from 'mediasoup';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What of a producer's RTP encodings says how large its layers are, lowest first. */
export interface LayerEncoding {
  readonly scalabilityMode?: string | undefined;
  readonly scaleResolutionDownBy?: number | undefined;
}

/** How large a source is taken to be until its pictures were seen; cameras are opened at this size. */
const assumed: Record<MediaSource, Size> = {
  camera: { width: 1280, height: 720 },
  screen: { width: 1920, height: 1080 },
  microphone: { width: 0, height: 0 },
  screenAudio: { width: 0, height: 0 },
};
/** A layer that is this much smaller than what is shown is still taken: nobody sees the difference. */
const tolerance = 0.9;
/** Shares of bandwidth (mediasoup: 1 to 255): a picture of this many pixels has the greatest. */
const largestArea = 1920 * 1080;

/** The spatial layers of a producer, lowest first; one for a plain stream. `known`: its size, null before it was seen. */
export function layerSizes(
  source: MediaSource,
  encodings: readonly LayerEncoding[],
  known: Size | null = null,
): Size[] {
  const full = known ?? assumed[source];
  return scales(encodings).map((scale) => ({ width: full.width / scale, height: full.height / scale }));
}

/** The size of the highest layer when the pictures of `layer` are so large; null: they are those of all layers. */
export function fullSize(seen: Size, layer: number | null, encodings: readonly LayerEncoding[]): Size {
  const scale = layer === null ? 1 : (scales(encodings)[layer] ?? 1);
  return { width: Math.round(seen.width * scale), height: Math.round(seen.height * scale) };
}

/** Halves per layer, both for SVC and where the encodings of a simulcast don't say it. */
function scales(encodings: readonly LayerEncoding[]): number[] {
  const { spatialLayers } = parseScalabilityMode(encodings[0]?.scalabilityMode);
  const count = encodings.length > 1 ? encodings.length : spatialLayers;
  return Array.from(
    { length: count },
    (_, index) =>
      (encodings.length > 1 ? encodings[index]?.scaleResolutionDownBy : undefined) ??
      2 ** (count - 1 - index),
  );
}

/**
 * The lowest spatial layer that fills the shown size; the highest when none does. What mediasoup then sends is this
 * one or a lower one, as the bandwidth allows.
 */
export function spatialLayerFor(shown: Size, sizes: readonly Size[]): number {
  const fills = ({ width, height }: Size): boolean =>
    width >= shown.width * tolerance || height >= shown.height * tolerance;
  const index = sizes.findIndex(fills);
  return index === -1 ? Math.max(0, sizes.length - 1) : index;
}

/** When bandwidth is short, what is shown larger gets its layers first. */
export function priorityFor({ width, height }: Size): number {
  return Math.max(1, Math.min(255, Math.round((255 * width * height) / largestArea)));
}
