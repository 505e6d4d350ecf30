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
