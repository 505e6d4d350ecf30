import type { Rendition } from '../live/events.ts';
import type { LegRules, Warning } from '../source/conditioned.ts';
import type { SourceInfo, VideoInfo } from '../source/sourceInfo.ts';
import { isCopyable } from './copyable.ts';
import { legCores } from './cost.ts';
import { rungs, scaledTo, shortSide, shownSize, videoBitrateBps, type Size } from './rungs.ts';

type VideoRendition = Extract<Rendition, { kind: 'video' }>;

/** What one rendition does during a leg. */
export type RenditionPlan =
  | { readonly id: string; readonly kind: 'audio'; readonly bitrateBps: number }
  | { readonly id: string; readonly kind: 'copy'; readonly width: number; readonly height: number }
  | {
      /** `slate`: encoded from the black picture that stands in for a missing video track. */
      readonly kind: 'encode' | 'slate';
      readonly id: string;
      readonly width: number;
      readonly height: number;
      readonly bitrateBps: number;
    };

/** How a fixed ladder is fed from a leg's source. */
export interface LegPlan {
  readonly renditions: readonly RenditionPlan[];
  /** `source`: encoders set key frames where the source has them. `every2Sec`: every 2 s of the leg. */
  readonly keyFrames: 'source' | 'every2Sec';
  /** `passthrough`: frames keep their times. A number: constant frame rate, frames repeated or dropped. */
  readonly frames: 'passthrough' | number;
  /** Frames per second to tell the encoders and the rate control. */
  readonly frameRate: number;
  readonly deinterlace: boolean;
}

export interface PlannedRenditions {
  readonly plan: LegPlan;
  readonly rules: LegRules;
  readonly warnings: readonly Warning[];
}

/** Decides for a session's fixed renditions how each is made from this leg's source. */
export function planLeg(
  renditions: readonly Rendition[],
  source: SourceInfo,
  options: { cpuBudgetCores: number },
): PlannedRenditions {
  const pictures = renditions.filter((rendition) => rendition.kind === 'video');
  const frameRate = pictures[0]?.frameRate ?? 30;
  const video = pictures.length > 0 ? source.video : null;
  const copies = video !== null && copiesTop(pictures[0], video);
  const planned =
    video === null
      ? { plans: planSlates(pictures, options), warnings: [] }
      : planPictures(pictures, video, copies, options);
  const audio = renditions
    .filter((rendition) => rendition.kind === 'audio')
    .map(({ id, bitrateBps }) => ({ id, kind: 'audio' as const, bitrateBps }));
  return {
    plan: {
      renditions: [...planned.plans, ...audio],
      keyFrames: copies ? 'source' : 'every2Sec',
      frames: copies ? 'passthrough' : frameRate,
      frameRate,
      deinterlace: video?.interlaced ?? false,
    },
    rules: { copiesVideo: copies, takesVideo: pictures.length > 0, frameRate },
    warnings: planned.warnings,
  };
}

/** Cores the encoding of a leg costs, by estimate. */
export function planCores(plan: LegPlan, source: SourceInfo): number {
  const encoded = plan.renditions.flatMap((rendition) =>
    rendition.kind === 'encode' || rendition.kind === 'slate' ? [rendition] : [],
  );
  return legCores(source.video, encoded, plan.frameRate);
}

/**
 * A rendition that was encoded stays so: its announced bit rate has to stay true. A copied one needs a source that
 * fits what was announced.
 */
function copiesTop(top: VideoRendition | undefined, video: VideoInfo): boolean {
  if (top === undefined || !top.copied || !isCopyable(video)) return false;
  const fits = shortSide(shownSize(video)) <= shortSide(top) * 1.02;
  return fits && Math.abs(video.frameRate / top.frameRate - 1) < 0.01;
}

interface Target {
  readonly rendition: VideoRendition;
  readonly copied: boolean;
  readonly size: Size;
}

/** Black looks the same in any size. */
function planSlates(
  pictures: readonly VideoRendition[],
  options: { cpuBudgetCores: number },
): RenditionPlan[] {
  const targets = pictures.map((rendition): Target => ({ rendition, copied: false, size: rendition }));
  return fitBudget(targets, null, options.cpuBudgetCores).map(({ rendition, size: { width, height } }) => {
    const bitrateBps = videoBitrateBps({ width, height }, rendition.frameRate);
    return { kind: 'slate', id: rendition.id, width, height, bitrateBps };
  });
}

function planPictures(
  pictures: readonly VideoRendition[],
  video: VideoInfo,
  copies: boolean,
  options: { cpuBudgetCores: number },
): { plans: RenditionPlan[]; warnings: Warning[] } {
  const targets = pictures.map((rendition, at): Target => {
    const size = scaledTo(shownSize(video), shortSide(rendition));
    return { rendition, copied: copies && at === 0, size };
  });
  const fitted = fitBudget(targets, video, options.cpuBudgetCores);
  const reduced = fitted.filter((target, at) => target.size.width < (targets[at]?.size.width ?? 0));
  return {
    plans: fitted.map((target) => planOf(target, video)),
    warnings: reduced.length === 0 ? [] : [reducedWarning(reduced)],
  };
}

function planOf({ rendition, copied, size }: Target, video: VideoInfo): RenditionPlan {
  if (copied) return { kind: 'copy', id: rendition.id, width: video.width, height: video.height };
  const suiting = videoBitrateBps(size, rendition.frameRate);
  // What was announced for a rendition stays the upper limit.
  const bitrateBps = rendition.bitrateBps > 0 ? Math.min(suiting, rendition.bitrateBps) : suiting;
  return { kind: 'encode', id: rendition.id, ...size, bitrateBps };
}

/** Makes the largest encoded pictures smaller, rung by rung, until the processor can carry the leg. */
function fitBudget(targets: readonly Target[], video: VideoInfo | null, budget: number): Target[] {
  const fitted = [...targets];
  const cores = (): number => {
    const encoded = fitted.filter((target) => !target.copied);
    return legCores(
      video,
      encoded.map((target) => target.size),
      fitted[0]?.rendition.frameRate ?? 30,
    );
  };
  while (cores() > budget) {
    const at = largestEncoded(fitted);
    const target = fitted[at];
    const rung = target === undefined ? undefined : rungs.find((side) => side < shortSide(target.size));
    if (target === undefined || rung === undefined) break;
    fitted[at] = { ...target, size: scaledTo(video === null ? target.size : shownSize(video), rung) };
  }
  return fitted;
}

function largestEncoded(targets: readonly Target[]): number {
  let largest = -1;
  for (const [at, target] of targets.entries()) {
    const best = targets[largest];
    if (!target.copied && (best === undefined || target.size.width > best.size.width)) largest = at;
  }
  return largest;
}

function reducedWarning(reduced: readonly Target[]): Warning {
  const names = reduced.map((target) => `${target.rendition.id} as ${shortSide(target.size)}p`).join(', ');
  const message = `The source has to be encoded anew, for which there are too few processor cores: ${names}.`;
  return { code: 'renditionsDropped', owner: 'internal', message };
}
