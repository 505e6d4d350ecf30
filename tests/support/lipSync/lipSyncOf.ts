import { beeps, lumaOf } from '../../../workers/src/stage/testing/watch.ts';

export interface LipSync {
  /** For each whole flash: when it was seen, and how much later its beep was heard. */
  readonly offsets: readonly { readonly atSec: number; readonly offsetMs: number }[];
  /** Flashes whose beginning or end wasn't seen, because a picture was lost: they tell no offset. */
  readonly torn: number;
  /** Beeps that were heard, one a second. */
  readonly beeps: number;
}

/** The value at a share (0 to 1) of the way up; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? NaN;
}

/** How far lips and voice are apart, in ms, whichever comes first. */
export const apartMs = (offsets: LipSync['offsets']): number[] =>
  offsets.map(({ offsetMs }) => Math.abs(offsetMs));

/** The middle of the picture of 320x180 at least, where nothing but the flash changes. */
const area = { x: 40, y: 60, width: 200, height: 80 };
const toneHz = 1_000;
const bright = 150;
/**
 * A flash lasts 200 ms, give or take a picture and where the pictures of the rendition fall; with more than that lost it may
 * have begun unseen.
 */
const wholeSec = { least: 0.155, most: 0.275 };
/** Flash and beep happen once a second. */
const reachMs = 500;

/** What is seen and heard of `aiortcPublisher.py` in a file or at an address. */
export async function lipSyncOf(input: string): Promise<LipSync> {
  const flashes = flashesOf(await lumaOf(input, area));
  const heard = (await beeps(input, toneHz)).map(({ timeSec }) => timeSec);
  const whole = flashes.filter(
    ({ durationSec }) => durationSec >= wholeSec.least && durationSec <= wholeSec.most,
  );
  const offsets = whole.flatMap(({ atSec }) => {
    const distances = heard.map((beepSec) => Math.round((beepSec - atSec) * 1_000));
    const offsetMs = distances.toSorted((a, b) => Math.abs(a) - Math.abs(b))[0];
    return offsetMs === undefined || Math.abs(offsetMs) > reachMs ? [] : [{ atSec, offsetMs }];
  });
  return { offsets, torn: flashes.length - whole.length, beeps: heard.length };
}

/** Stretches of bright pictures between dark ones. */
function flashesOf(
  lumas: readonly { timeSec: number; luma: number }[],
): { atSec: number; durationSec: number }[] {
  const found: { atSec: number; durationSec: number }[] = [];
  let sinceSec: number | null = null;
  for (const [at, { timeSec, luma }] of lumas.entries()) {
    const wasDark = (lumas[at - 1]?.luma ?? bright) < bright;
    if (luma >= bright && wasDark) sinceSec = timeSec;
    if (luma < bright && sinceSec !== null) {
      found.push({ atSec: sinceSec, durationSec: timeSec - sinceSec });
      sinceSec = null;
    }
  }
  return found;
}
