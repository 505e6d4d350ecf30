import { bench, feed, ladder, leg, type Bench } from './testing/bench.ts';
import { problemsOf, segmentsOf } from './testing/checkEvents.ts';
import { packagedSamples, type SourceStream, type VideoOptions } from './testing/syntheticRenditions.ts';

/** Repeatable random numbers from 0 to 1 (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Case {
  readonly video: Omit<VideoOptions, 'fromSec' | 'toSec'>;
  readonly delaySec: Record<string, number>;
}

function makeCase(random: () => number): Case {
  const pick = <T>(values: readonly T[]): T =>
    values[Math.floor(random() * values.length)] ?? (values[0] as T);
  const fps = pick([10, 15, 24, 25, 29.97, 30, 50, 60]);
  const gopFrames = Math.max(1, Math.round(fps * pick([0.4, 0.5, 1, 1.2, 1.5, 2, 2.3])));
  const keep = pick([1, 1, 0.9, 0.5]);
  const holes = Array.from({ length: 1000 }, () => random() > keep);
  return {
    video: {
      fps,
      gopSec: (n) => n % gopFrames === 0,
      rounded: random() < 0.5,
      bFrames: random() < 0.3,
      missing: keep < 1 ? (n) => n % gopFrames !== 0 && holes[n] === true : undefined,
    },
    delaySec: { '720p': random(), '360p': random(), audio: random() },
  };
}

function run(seed: number): { here: Bench; legs: SourceStream[][] } {
  const random = randomFrom(seed);
  const { video, delaySec } = makeCase(random);
  // Missing B-frames would break the pattern that the synthetic source computes.
  const options = video.bFrames === true ? { ...video, missing: undefined } : video;
  const here = bench(options.fps);
  const legs: SourceStream[][] = [];
  let fromSec = 10;
  for (let index = 0; index < 3; index += 1) {
    const toSec = fromSec + 1 + random() * 6;
    const streams = ladder(options, fromSec, toSec);
    here.packager.startLeg(leg(index, fromSec));
    feed(here, streams, delaySec);
    here.packager.endLeg();
    legs.push(streams);
    fromSec = toSec + 0.5 + random();
  }
  here.packager.end();
  return { here, legs };
}

describe('Packager, whatever comes', () => {
  it.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'keeps every rule and every frame (seed %i)',
    (seed) => {
      const { here, legs } = run(seed);
      expect(problemsOf(here.events)).toEqual([]);
      expect(here.warnings).toEqual([]);
      for (const id of ['720p', '360p'] as const) {
        const rendition = here.options.renditions.find((candidate) => candidate.id === id);
        const packaged = rendition ? packagedSamples(here.events, rendition) : [];
        const frames = legs
          .flat()
          .filter((stream) => stream.rendition === id)
          .flatMap((stream) => stream.frames);
        expect(packaged.map((sample) => sample.id)).toEqual(frames.map((frame) => frame.id));
        packaged.forEach(({ ptsSec }, index) => {
          const frame = frames[index];
          expect(Math.abs(ptsSec - ((frame?.dts ?? 0) + (frame?.cts ?? 0)) / 90_000)).toBeLessThan(1e-9);
        });
      }
      expectAligned(here);
    },
  );
});

/** Segments of all renditions begin within half a frame (or half an audio frame) of the reference's. */
function expectAligned({ events, options }: Bench): void {
  const told = segmentsOf(events);
  const reference = told.get('720p') ?? [];
  for (const [id, segments] of told) {
    expect(segments.length).toBe(reference.length);
    const [rendition] = options.renditions.filter((candidate) => candidate.id === id);
    const frameSec = rendition?.kind === 'video' ? 1 / rendition.frameRate : 1024 / 48_000;
    segments.forEach(({ started, parts }, index) => {
      const differenceSec = started.mediaTimeSec - (reference[index]?.started.mediaTimeSec ?? 0);
      // A leg's first audio frame may begin up to one frame after the picture.
      const toleranceSec = index === 0 || started.discontinuity ? frameSec : frameSec / 2;
      expect(Math.abs(differenceSec)).toBeLessThanOrEqual(toleranceSec + 0.001);
      if (rendition?.kind === 'video') expect(parts[0]?.keyFrames[0]?.offset).toBe(0);
    });
  }
}
