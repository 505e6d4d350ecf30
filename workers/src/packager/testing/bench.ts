import type { MediaEvent, Rendition } from '../../live/events.ts';
import { Packager } from '../Packager.ts';
import { choosePartTarget } from '../partTarget.ts';
import type { LegStart, PackagerOptions, PackagerWarning } from '../types.ts';
import { segmentsOf } from './checkEvents.ts';
import {
  audioStream,
  interleave,
  videoStream,
  type SourceStream,
  type VideoOptions,
} from './syntheticRenditions.ts';

/** For tests: a Packager that remembers what it told, and a ladder of streams to feed it with. */

export const picture = (id: string, height: number, frameRate: number, copied = false): Rendition => ({
  kind: 'video',
  id,
  width: (height * 16) / 9,
  height,
  frameRate,
  copied,
  bitrateBps: 1_000_000,
});
export const sound: Rendition = { kind: 'audio', id: 'audio', bitrateBps: 128_000 };

export interface Bench {
  readonly packager: Packager;
  readonly events: MediaEvent[];
  readonly warnings: PackagerWarning[];
  readonly options: PackagerOptions;
}

export function bench(frameRate: number, more: Partial<PackagerOptions> = {}): Bench {
  const events: MediaEvent[] = [];
  const warnings: PackagerWarning[] = [];
  const options: PackagerOptions = {
    renditions: [picture('720p', 720, frameRate, true), picture('360p', 360, frameRate), sound],
    targetDurationSec: 2,
    partTargetSec: choosePartTarget(frameRate, 0.25),
    segmentTargetSec: 2,
    fence: 7,
    onEvent: (event) => void events.push(event),
    onWarning: (warning) => void warnings.push(warning),
    ...more,
  };
  return { packager: new Packager(options), events, warnings, options };
}

export const leg = (index: number, mediaTimeSec: number, more: Partial<LegStart> = {}): LegStart => ({
  leg: index,
  mediaTimeSec,
  programDateTimeMs: 1_700_000_000_000 + mediaTimeSec * 1000,
  expected: ['720p', '360p', 'audio'],
  ...more,
});

export function feed(
  { packager }: Bench,
  streams: readonly SourceStream[],
  delaySec?: Record<string, number>,
): void {
  for (const { rendition, bytes } of interleave(streams, delaySec)) packager.write(rendition, bytes);
}

/** One leg with a copied top, an encoded rendition with the same key frames, and audio. */
export function ladder(
  video: Omit<VideoOptions, 'fromSec' | 'toSec'>,
  fromSec: number,
  toSec: number,
): SourceStream[] {
  const shownFromSec = fromSec + (video.bFrames === true ? 2 / video.fps : 0);
  return [
    videoStream('720p', { ...video, fromSec, toSec }),
    videoStream('360p', {
      ...video,
      bFrames: false,
      fromSec: shownFromSec,
      toSec: shownFromSec + toSec - fromSec,
    }),
    audioStream('audio', { fromSec, toSec: toSec + 0.2 }),
  ];
}

export const starts = (events: readonly MediaEvent[], id: string): number[] =>
  segmentsOf(events)
    .get(id)
    ?.map(({ started }) => Number(started.mediaTimeSec.toFixed(3))) ?? [];
