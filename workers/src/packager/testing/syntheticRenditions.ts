import { FragmentReader, type Sample } from '../../cmaf/FragmentReader.ts';
import { buildFragment } from '../../cmaf/buildFragment.ts';
import { makeMoov } from '../../cmaf/testing/syntheticMovie.ts';
import type { MediaEvent, Rendition } from '../../live/events.ts';

/** For tests: streams of fragmented MP4 as ffmpeg writes them, and what was packaged of them, sample by sample. */

export interface SourceFrame {
  readonly dts: number;
  readonly cts: number;
  readonly duration: number;
  readonly isKey: boolean;
  /** Written into the sample, so that it can be found again. */
  readonly id: number;
}

export interface SourceStream {
  readonly rendition: string;
  readonly kind: 'video' | 'audio';
  readonly timescale: number;
  readonly frames: readonly SourceFrame[];
}

export interface VideoOptions {
  readonly fps: number;
  readonly fromSec: number;
  readonly toSec: number;
  /** Key frames; a function gets the frame's index. */
  readonly gopSec: number | ((frame: number) => boolean);
  /** Times rounded to milliseconds, as they come in FLV. */
  readonly rounded?: boolean;
  /** Pattern I B B P with decode times before presentation times. */
  readonly bFrames?: boolean;
  /** Frames that are left out. */
  readonly missing?: (frame: number) => boolean;
}

const TIMESCALE = 90_000;

export function videoStream(rendition: string, options: VideoOptions): SourceStream {
  const { fps, fromSec, toSec, gopSec, rounded = false, bFrames = false, missing } = options;
  const ticks = (sec: number): number =>
    rounded ? Math.round(sec * 1000) * (TIMESCALE / 1000) : Math.round(sec * TIMESCALE);
  const isKey = typeof gopSec === 'number' ? (n: number) => n % Math.round(gopSec * fps) === 0 : gopSec;
  const count = Math.round((toSec - fromSec) * fps);
  const kept = Array.from({ length: count }, (_, n) => n).filter((n) => missing?.(n) !== true);
  const delay = bFrames ? 2 : 0;
  const frames = kept.map((n, index) => {
    const next = kept[index + 1] ?? n + 1;
    const dts = ticks(fromSec + n / fps);
    // In decode order every third frame is shown last: I0 P3 B1 B2 P6 B4 B5.
    const sinceKey = bFrames ? n - lastKey(n, isKey) : 0;
    const shown = bFrames && sinceKey > 0 ? n + (sinceKey % 3 === 1 ? 2 : -1) : n;
    const pts = ticks(fromSec + (shown + delay) / fps);
    const duration = ticks(fromSec + next / fps) - dts;
    return { dts, cts: pts - dts, duration, isKey: isKey(n), id: n };
  });
  return { rendition, kind: 'video', timescale: TIMESCALE, frames };
}

function lastKey(frame: number, isKey: (n: number) => boolean): number {
  let key = frame;
  while (key > 0 && !isKey(key)) key -= 1;
  return key;
}

export interface AudioOptions {
  readonly fromSec: number;
  readonly toSec: number;
  /** Frames left out. */
  readonly missing?: (frame: number) => boolean;
}

export function audioStream(rendition: string, { fromSec, toSec, missing }: AudioOptions): SourceStream {
  const count = Math.floor(((toSec - fromSec) * 48_000) / 1024);
  const frames = Array.from({ length: count }, (_, id) => {
    const dts = Math.round(fromSec * 48_000) + id * 1024;
    return { dts, cts: 0, duration: 1024, isKey: true, id };
  }).filter(({ id }) => missing?.(id) !== true);
  return { rendition, kind: 'audio', timescale: 48_000, frames };
}

/** The init segment with which a stream begins. */
export function headerOf({ kind, timescale }: SourceStream): Uint8Array {
  return makeMoov({ handler: kind === 'video' ? 'vide' : 'soun', timescale });
}

/** A frame as ffmpeg writes it: one fragment. */
export function bytesOf({ dts, cts, duration, isKey, id }: SourceFrame): Uint8Array {
  const data = Buffer.alloc(isKey ? 60 : 20, id & 0xff);
  data.writeUInt32BE(id);
  const samples = [{ duration, cts, isKey, data }];
  return buildFragment({ sequenceNumber: id + 1, trackId: 1, baseMediaDecodeTime: dts, samples });
}

/** All chunks of streams in the order of their decode times, later by `delaySec` for each rendition. */
export function interleave(
  streams: readonly SourceStream[],
  delaySec: Readonly<Record<string, number>> = {},
): { rendition: string; bytes: Uint8Array }[] {
  const chunks = streams.flatMap((stream) => {
    const delay = delaySec[stream.rendition] ?? 0;
    const { rendition, timescale, frames } = stream;
    const header = { rendition, at: -Infinity, bytes: headerOf(stream) };
    const rest = frames.map((frame) => ({
      rendition,
      at: (frame.dts + frame.duration) / timescale + delay,
      bytes: bytesOf(frame),
    }));
    return [header, ...rest];
  });
  return chunks.sort((a, b) => a.at - b.at);
}

export interface PackagedSample {
  readonly id: number;
  readonly msn: number;
  readonly part: number;
  readonly dtsSec: number;
  readonly ptsSec: number;
  readonly isKey: boolean;
}

/** What a player finds in a rendition's parts, in order. */
export function packagedSamples(events: readonly MediaEvent[], rendition: Rendition): PackagedSample[] {
  const samples: PackagedSample[] = [];
  let timescale = 1;
  let at = { msn: -1, part: -1 };
  const onSample = ({ dts, cts, isKey, data }: Sample): void => {
    const id = Buffer.from(data).readUInt32BE();
    samples.push({ id, ...at, dtsSec: dts / timescale, ptsSec: (dts + cts) / timescale, isKey });
  };
  const makeReader = (): FragmentReader =>
    new FragmentReader({ onInit: (init) => (timescale = init.timescale), onSample });
  let reader = makeReader();
  for (const event of events) {
    if (!('rendition' in event) || event.rendition !== rendition.id) continue;
    if (event.type === 'init.written') {
      reader = makeReader();
      reader.push(event.bytes);
    } else if (event.type === 'part.written') {
      at = { msn: event.msn, part: event.part };
      reader.push(event.bytes);
      if (!reader.atBoundary) throw new Error(`Part ${event.msn}.${event.part} is not made of whole boxes.`);
    }
  }
  return samples;
}
