import type { Rendition } from '../live/events.ts';
import type { Warning } from '../source/conditioned.ts';
import type { SourceInfo, VideoInfo } from '../source/sourceInfo.ts';
import { isCopyable } from './copyable.ts';
import { legCores } from './cost.ts';
import {
  audioBitrateBps,
  rungs,
  scaledTo,
  shortSide,
  shownSize,
  smallestRung,
  videoBitrateBps,
} from './rungs.ts';

type VideoRendition = Extract<Rendition, { kind: 'video' }>;

/** What a session offers, fixed for its life. */
export interface Ladder {
  /** From the largest picture down, the sound last. */
  readonly renditions: readonly Rendition[];
  readonly mode: 'copyTop' | 'encodeAll' | 'audioOnly';
  /** Null without pictures. */
  readonly sessionFps: number | null;
  /** `renditionsDropped` when the processor can't carry the whole ladder. */
  readonly warnings: readonly Warning[];
}

const constantRates = [15, 24, 25, 30, 50, 60];
/** A rung nearer than this to the source isn't worth its cost. */
const worthwhile = 0.85;
/** The smallest one is for phones on slow networks: worth it sooner. */
const worthwhileSmallest = 0.9;

/** Chooses the renditions of a session from its first leg's source. Never scales up. */
export function chooseLadder(source: SourceInfo, options: { cpuBudgetCores: number }): Ladder {
  const audio: Rendition = { kind: 'audio', id: 'audio', bitrateBps: audioBitrateBps };
  const video = source.video;
  if (video === null) return { renditions: [audio], mode: 'audioOnly', sessionFps: null, warnings: [] };
  const sessionFps = sessionFrameRate(video);
  const copied = isCopyable(video);
  const pictures = [
    ...topOf(video, copied, sessionFps, source.announcedVideoBps),
    ...lowerOf(video, copied, sessionFps),
  ];
  const { kept, dropped } = fitBudget(pictures, video, sessionFps, options.cpuBudgetCores);
  return {
    renditions: [...kept, audio],
    mode: copied ? 'copyTop' : 'encodeAll',
    sessionFps,
    warnings: dropped.length === 0 ? [] : [droppedWarning(dropped, options.cpuBudgetCores)],
  };
}

/** A regular source's own rate; an irregular one gets the next usual rate at or above its mean. */
function sessionFrameRate(video: VideoInfo): number {
  const { frameRate } = video;
  if (video.constantFrameRate && frameRate >= 10 && frameRate <= 60.5) return frameRate;
  if (video.constantFrameRate && frameRate > 60.5 && frameRate <= 121) return frameRate / 2;
  return constantRates.find((rate) => rate >= frameRate * 0.98) ?? 60;
}

function topOf(video: VideoInfo, copied: boolean, frameRate: number, announcedBps: number): VideoRendition[] {
  const side = shortSide(shownSize(video));
  if (copied) {
    const { width, height } = video;
    return [{ kind: 'video', id: `${side}p`, width, height, frameRate, copied, bitrateBps: announcedBps }];
  }
  return [encoded(video, Math.min(side, rungs[0]), frameRate)];
}

function lowerOf(video: VideoInfo, copied: boolean, frameRate: number): VideoRendition[] {
  const side = shortSide(shownSize(video));
  const top = copied ? side : Math.min(side, rungs[0]);
  return rungs
    .filter((rung) => rung <= top * (rung === smallestRung ? worthwhileSmallest : worthwhile))
    .map((rung) => encoded(video, rung, frameRate));
}

function encoded(video: VideoInfo, side: number, frameRate: number): VideoRendition {
  const size = scaledTo(shownSize(video), side);
  const bitrateBps = videoBitrateBps(size, frameRate);
  return { kind: 'video', id: `${side}p`, ...size, frameRate, copied: false, bitrateBps };
}

/** Leaves out the dearest encoded pictures, but for the smallest, until the rest can be carried. */
function fitBudget(
  pictures: readonly VideoRendition[],
  video: VideoInfo,
  frameRate: number,
  budget: number,
): { kept: VideoRendition[]; dropped: VideoRendition[] } {
  const kept = [...pictures];
  const dropped: VideoRendition[] = [];
  const encodes = (): VideoRendition[] => kept.filter((picture) => !picture.copied);
  while (encodes().length > 1 && legCores(video, encodes(), frameRate) > budget) {
    const dearest = kept.findIndex((picture) => !picture.copied);
    dropped.push(...kept.splice(dearest, 1));
  }
  return { kept, dropped };
}

function droppedWarning(dropped: readonly VideoRendition[], budget: number): Warning {
  const names = dropped.map((picture) => picture.id).join(', ');
  return {
    code: 'renditionsDropped',
    owner: 'internal',
    message: `Not offered: ${names}. They would cost more than the ${budget.toFixed(1)} processor cores at hand.`,
  };
}
