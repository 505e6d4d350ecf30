import type { MediaEvent } from '../live/events.ts';
import { bench, feed, ladder, leg, picture, starts } from './testing/bench.ts';
import { problemsOf, segmentsOf } from './testing/checkEvents.ts';
import { audioStream, interleave, packagedSamples, videoStream } from './testing/syntheticRenditions.ts';

describe('Packager', () => {
  it.each([10, 15, 24, 25, 29.97, 30, 50, 59.94, 60])(
    'makes regular parts and equal segments of %d frames a second, times rounded or not',
    (fps) => {
      for (const rounded of [false, true]) {
        const here = bench(fps);
        here.packager.startLeg(leg(0, 10));
        const streams = ladder({ fps, gopSec: 2, rounded }, 10, 17);
        feed(here, streams, { '360p': 0.15, audio: -0.1 });
        here.packager.end();
        expect(problemsOf(here.events)).toEqual([]);
        expect(here.warnings).toEqual([]);
        const video = streams[0]?.frames ?? [];
        for (const rendition of here.options.renditions.slice(0, 2)) {
          const packaged = packagedSamples(here.events, rendition);
          expect(packaged.map(({ id }) => id)).toEqual(video.map(({ id }) => id));
          for (const { id, ptsSec, dtsSec } of packaged) {
            const frame = video[id];
            expect(ptsSec).toBeCloseTo(((frame?.dts ?? 0) + (frame?.cts ?? 0)) / 90_000, 9);
            expect(Math.abs(dtsSec - ptsSec)).toBeLessThan(1 / fps);
          }
        }
        const perPart = Math.floor(here.options.partTargetSec * fps);
        const inner = [...segmentsOf(here.events).values()].flat().flatMap(({ parts }) => parts.slice(0, -1));
        expect(inner.length).toBeGreaterThan(15);
        for (const part of inner.filter(({ rendition }) => rendition !== 'audio')) {
          expect(part.durationSec * fps).toBeCloseTo(perPart, 0);
        }
      }
    },
  );

  it('gives a part out with its last frame, without waiting for the next one', () => {
    const here = bench(30);
    here.packager.startLeg(leg(0, 10));
    const [top] = ladder({ fps: 30, gopSec: 2, rounded: true }, 10, 11);
    const counts = interleave([top ?? audioStream('audio', { fromSec: 10, toSec: 11 })]).map(
      ({ rendition, bytes }) => {
        here.packager.write(rendition, bytes);
        return here.events.filter(({ type }) => type === 'part.written').length;
      },
    );
    expect(counts.slice(1)).toEqual(Array.from({ length: 30 }, (_, frame) => Math.floor((frame + 1) / 7)));
  });

  it.each([
    [0.5, [10, 12, 14, 16]],
    [1, [10, 12, 14, 16]],
    [2, [10, 12, 14, 16]],
    [2.4, [10, 12.4, 14.8]],
    [1.5, [10, 11.5, 13, 14.5, 16]],
    [0.9, [10, 11.8, 13.6, 15.4]],
  ])('cuts segments at key frames %d s apart', (gopSec, expected) => {
    const here = bench(30);
    here.packager.startLeg(leg(0, 10));
    feed(here, ladder({ fps: 30, gopSec, rounded: true }, 10, 16.9));
    here.packager.end();
    expect(problemsOf(here.events)).toEqual([]);
    expect(here.warnings).toEqual([]);
    expect(starts(here.events, '720p')).toEqual(expected);
    expect(starts(here.events, '360p')).toEqual(expected);
    starts(here.events, 'audio').forEach((startSec, index) => {
      expect(Math.abs(startSec - (expected[index] ?? 0))).toBeLessThanOrEqual(1024 / 48_000 / 2 + 0.001);
    });
  });

  it('gives every key frame a moof of its own, at the offset that is told', () => {
    const here = bench(30);
    here.packager.startLeg(leg(0, 10));
    feed(here, ladder({ fps: 30, gopSec: 0.5 }, 10, 14));
    here.packager.end();
    const parts = here.events
      .filter((event) => event.type === 'part.written')
      .filter(({ rendition }) => rendition === '720p');
    const keys = parts.flatMap((part) => part.keyFrames.map((key) => ({ part, key })));
    expect(keys.map(({ key }) => key.mediaTimeSec)).toEqual([10, 10.5, 11, 11.5, 12, 12.5, 13, 13.5]);
    for (const { part, key } of keys) {
      const bytes = Buffer.from(part.bytes).subarray(key.offset, key.offset + key.length);
      expect(bytes.toString('latin1', 4, 8)).toBe('moof');
      const only: MediaEvent[] = here.events.filter(({ type }) => type === 'init.written');
      const [sample, ...others] = packagedSamples([...only, { ...part, bytes }], picture('720p', 720, 30));
      expect(others).toEqual([]);
      expect(sample).toMatchObject({ isKey: true, ptsSec: key.mediaTimeSec });
    }
    expect(parts.filter(({ independent }) => independent)).toEqual(
      parts.filter(({ keyFrames }) => keyFrames.length > 0),
    );
    const audio = here.events
      .filter((event) => event.type === 'part.written')
      .filter(({ rendition }) => rendition === 'audio');
    expect(audio.every(({ independent, keyFrames }) => independent && keyFrames.length === 0)).toBe(true);
  });

  it('keeps the presentation times of B-frames, and decodes as early as they need', () => {
    const here = bench(25);
    here.packager.startLeg(leg(0, 10));
    const streams = ladder({ fps: 25, gopSec: 2, bFrames: true, rounded: true }, 10, 16);
    feed(here, streams);
    here.packager.end();
    expect(problemsOf(here.events)).toEqual([]);
    expect(starts(here.events, '720p')).toEqual([10.08, 12.08, 14.08]);
    expect(starts(here.events, '360p')).toEqual([10.08, 12.08, 14.08]);
    const packaged = packagedSamples(here.events, picture('720p', 720, 25));
    const frames = streams[0]?.frames ?? [];
    expect(packaged.map(({ ptsSec }) => ptsSec)).toEqual(frames.map(({ dts, cts }) => (dts + cts) / 90_000));
    for (const [index, { dtsSec }] of packaged.entries()) {
      expect(dtsSec).toBeCloseTo((frames[index]?.dts ?? 0) / 90_000, 9);
    }
  });

  it('aligns renditions whose encoder rounded times by up to half a frame', () => {
    for (const offsetSec of [-0.0166, -0.01, 0.01, 0.0166]) {
      const here = bench(30);
      here.packager.startLeg(leg(0, 10));
      const [top, , audio] = ladder({ fps: 30, gopSec: 2, rounded: true }, 10.02, 16);
      const low = videoStream('360p', { fps: 30, gopSec: 2, fromSec: 10.02 + offsetSec, toSec: 16 });
      feed(
        here,
        [top, low, audio].filter((stream) => stream !== undefined),
      );
      here.packager.end();
      expect(here.warnings).toEqual([]);
      expect(problemsOf(here.events)).toEqual([]);
      starts(here.events, '360p').forEach((startSec, index) => {
        expect(startSec).toBeCloseTo(10.02 + offsetSec + index * 2, 2);
      });
    }
  });

  it('cuts where a rendition lacks the key frame, and says so', () => {
    const here = bench(30);
    here.packager.startLeg(leg(0, 10));
    const [top, , audio] = ladder({ fps: 30, gopSec: 2 }, 10, 16);
    const low = videoStream('360p', {
      fps: 30,
      gopSec: (n) => n % 60 === 0 && n !== 60,
      fromSec: 10,
      toSec: 16,
    });
    feed(
      here,
      [top, low, audio].filter((stream) => stream !== undefined),
    );
    here.packager.end();
    expect(problemsOf(here.events)).toEqual([]);
    expect(here.warnings).toEqual([
      { kind: 'keyFrameMissing', rendition: '360p', msn: 2, mediaTimeSec: 12 + 1 / 30 },
    ]);
    const parts = segmentsOf(here.events).get('360p')?.[1]?.parts ?? [];
    expect(parts.some(({ independent }) => independent)).toBe(false);
    expect(starts(here.events, '360p')[2]).toBe(14);
  });

  it('never makes a segment that rounds to more than the target duration', () => {
    const here = bench(30);
    here.packager.startLeg(leg(0, 10));
    feed(here, ladder({ fps: 30, gopSec: 5 }, 10, 20));
    here.packager.end();
    expect(problemsOf(here.events)).toEqual([]);
    expect(here.warnings.length).toBeGreaterThan(0);
    expect(starts(here.events, '720p')).toContain(15);
  });
});
