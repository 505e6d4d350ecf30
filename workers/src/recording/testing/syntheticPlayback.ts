import type { MediaEvent, Rendition } from '../../live/events.ts';

/** Events as a packager would emit them, with made-up bytes; for tests of what comes after it. */
export const syntheticRenditions: readonly Rendition[] = [
  { kind: 'video', id: '360p', width: 640, height: 360, frameRate: 30, copied: false, bitrateBps: 800_000 },
  { kind: 'audio', id: 'audio', bitrateBps: 128_000 },
];

export interface SyntheticOptions {
  readonly fence?: number;
  readonly firstMsn?: number;
  readonly partsPerSegment?: number;
  readonly partBytes?: number;
  readonly leg?: number;
}

const startMs = Date.UTC(2026, 0, 1);
const segmentSec = 2;
const firstMediaTimeSec = 10;

/** The opening events of a leg: with `playback.started` on leg 0. */
export function legEvents({ fence = 1, leg = 0, firstMsn = 0 }: SyntheticOptions = {}): MediaEvent[] {
  const started: MediaEvent[] =
    leg > 0
      ? []
      : [
          {
            type: 'playback.started',
            renditions: syntheticRenditions,
            targetDurationSec: segmentSec,
            partTargetSec: 0.25,
          },
        ];
  return [
    ...started,
    {
      type: 'leg.started',
      leg,
      mediaTimeSec: firstMediaTimeSec + firstMsn * segmentSec,
      programDateTimeMs: startMs + firstMsn * segmentSec * 1_000,
    },
    ...syntheticRenditions.map(({ id, kind }): MediaEvent => ({
      type: 'init.written',
      rendition: id,
      init: leg,
      leg,
      fence,
      codecs: kind === 'video' ? 'avc1.64001e' : 'mp4a.40.2',
      bytes: Buffer.from(`init ${id} ${leg}`),
    })),
  ];
}

/** Bytes of a part: their content names it, so that a mix-up shows. */
export function partBytes(rendition: string, msn: number, part: number, byteLength: number): Buffer {
  return Buffer.alloc(byteLength, `${rendition}/${msn}.${part};`);
}

/** One segment of one rendition, all its events. */
export function segmentEvents(rendition: string, msn: number, options: SyntheticOptions = {}): MediaEvent[] {
  const { fence = 1, leg = 0, partsPerSegment = 8, firstMsn = 0 } = options;
  const byteLength = options.partBytes ?? 1_000;
  const mediaTimeSec = firstMediaTimeSec + msn * segmentSec;
  const durationSec = segmentSec / partsPerSegment;
  const parts = Array.from({ length: partsPerSegment }, (_, part): MediaEvent => {
    const isKey = rendition !== 'audio' && part === 0;
    return {
      type: 'part.written',
      rendition,
      msn,
      part,
      durationSec,
      independent: isKey || rendition === 'audio',
      keyFrames: isKey ? [{ offset: 0, length: byteLength / 2, mediaTimeSec }] : [],
      bytes: partBytes(rendition, msn, part, byteLength),
    };
  });
  return [
    {
      type: 'segment.started',
      rendition,
      msn,
      leg,
      init: leg,
      fence,
      mediaTimeSec,
      programDateTimeMs: startMs + msn * segmentSec * 1_000,
      discontinuity: leg > 0 && msn === firstMsn,
    },
    ...parts,
    {
      type: 'segment.ended',
      rendition,
      msn,
      durationSec: segmentSec,
      byteLength: byteLength * partsPerSegment,
    },
  ];
}

/** Segments `from` to `to` (both included) of all renditions. */
export function segmentsOfAll(from: number, to: number, options: SyntheticOptions = {}): MediaEvent[] {
  const events: MediaEvent[] = [];
  for (let msn = from; msn <= to; msn += 1) {
    for (const { id } of syntheticRenditions) events.push(...segmentEvents(id, msn, options));
  }
  return events;
}
