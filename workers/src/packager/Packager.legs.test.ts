import { FragmentError } from '../cmaf/index.ts';
import type { MediaEvent } from '../live/events.ts';
import { Packager } from './Packager.ts';
import { bench, feed, ladder, leg, sound, starts, type Bench } from './testing/bench.ts';
import { problemsOf, segmentsOf } from './testing/checkEvents.ts';
import { audioStream, interleave, packagedSamples, videoStream } from './testing/syntheticRenditions.ts';

const at30 = { fps: 30, gopSec: 2, rounded: true };

/** Per rendition the msn of segments with media, and of gaps in brackets. */
function listOf(here: Bench, id: string): string {
  const told = segmentsOf(here.events).get(id) ?? [];
  return told
    .map(({ started, parts }) => (parts.length > 0 ? `${started.msn}` : `(${started.msn})`))
    .join(' ');
}

const discontinuities = (here: Bench, id: string): number[] =>
  (segmentsOf(here.events).get(id) ?? [])
    .filter(({ started }) => started.discontinuity)
    .map(({ started }) => started.msn);

describe('Packager over legs', () => {
  it('closes a leg whose renditions are not equally long, and begins the next with a new segment everywhere', () => {
    const here = bench(30);
    here.packager.startLeg(leg(0, 10));
    const [top, low, audio] = ladder(at30, 10, 15);
    const short = low && { ...low, frames: low.frames.slice(0, -9) };
    feed(
      here,
      [top, short, audio].filter((stream) => stream !== undefined),
    );
    here.packager.endLeg();
    const endSec = here.packager.timeline?.mediaTimeSec ?? 0;
    expect(endSec).toBeCloseTo(15, 3);
    here.packager.startLeg(leg(1, 40));
    feed(here, ladder({ fps: 30, gopSec: 2 }, 40, 43));
    here.packager.end();
    expect(problemsOf(here.events)).toEqual([]);
    expect(here.warnings).toEqual([]);
    for (const id of ['720p', '360p', 'audio']) {
      expect(listOf(here, id)).toBe('1 2 3 4 5');
      expect(discontinuities(here, id)).toEqual([4]);
      const told = segmentsOf(here.events).get(id) ?? [];
      const last = told[2];
      const lastEndSec = (last?.started.mediaTimeSec ?? 0) + (last?.ended?.durationSec ?? 0);
      // The audio goes on for 0.2 s more than the picture, which is left out; the short rendition is stretched a bit.
      expect(lastEndSec).toBeLessThanOrEqual(15.001);
      expect(lastEndSec).toBeGreaterThan(id === '360p' ? 14.65 : 14.97);
      expect(told.map(({ started }) => [started.leg, started.init])).toEqual([
        [0, 0],
        [0, 0],
        [0, 0],
        [1, 1],
        [1, 1],
      ]);
      expect(told[3]?.started.programDateTimeMs).toBeCloseTo(
        1_700_000_040_000 + (id === 'audio' ? 0 : 0),
        -2,
      );
    }
    expect(here.events.at(-2)).toEqual({ type: 'leg.ended', leg: 1 });
    expect(here.events.at(-1)).toEqual({ type: 'playback.ended' });
  });

  it('stretches the last part of a rendition that ends early, as far as the part target allows', () => {
    const here = bench(30);
    here.packager.startLeg(leg(0, 10));
    const [top, low, audio] = ladder({ fps: 30, gopSec: 2 }, 10, 11);
    const short = low && { ...low, frames: low.frames.slice(0, -1) };
    feed(
      here,
      [top, short, audio].filter((stream) => stream !== undefined),
    );
    here.packager.end();
    for (const id of ['720p', '360p', 'audio']) {
      const [told] = segmentsOf(here.events).get(id) ?? [];
      expect((told?.started.mediaTimeSec ?? 0) + (told?.ended?.durationSec ?? 0)).toBeCloseTo(11, 4);
    }
  });

  it('never goes back in media time or wall clock, whatever a leg begins with', () => {
    const here = bench(30);
    here.packager.startLeg(leg(0, 10));
    feed(here, ladder(at30, 10, 15));
    here.packager.endLeg();
    const before = here.packager.timeline;
    here.packager.startLeg(leg(3, 14, { programDateTimeMs: 1_600_000_000_000 }));
    feed(here, ladder(at30, 14, 17));
    here.packager.end();
    expect(problemsOf(here.events)).toEqual([]);
    expect(here.warnings).toEqual([{ kind: 'timelineMoved', leg: 3, bySec: expect.closeTo(1, 2) as number }]);
    const started = here.events.filter((event) => event.type === 'leg.started');
    expect(started[1]).toEqual({ type: 'leg.started', leg: 3, ...before });
    expect(starts(here.events, '720p')).toEqual([10, 12, 14, 15, 17]);
    const packaged = packagedSamples(here.events, sound);
    for (const [index, sample] of packaged.entries()) {
      expect(sample.dtsSec).toBeGreaterThanOrEqual((packaged[index - 1]?.dtsSec ?? 0) + 1000 / 48_000);
    }
  });

  it('moves a leg whose first frames overlap what is there, although its start does not', () => {
    const here = bench(30);
    here.packager.startLeg(leg(0, 10));
    feed(here, ladder({ fps: 30, gopSec: 2 }, 10, 12));
    here.packager.endLeg();
    here.packager.startLeg(leg(1, 12));
    feed(here, ladder({ fps: 30, gopSec: 2 }, 11.9, 13));
    here.packager.end();
    expect(problemsOf(here.events)).toEqual([]);
    expect(starts(here.events, '360p')).toEqual([10, 12]);
    expect(here.warnings).toEqual([
      { kind: 'timelineMoved', leg: 1, bySec: expect.closeTo(0.1, 5) as number },
    ]);
  });

  it('leaves out audio from before the first picture', () => {
    const here = bench(30);
    here.packager.startLeg(leg(0, 10));
    const [top, low] = ladder(at30, 10.5, 13);
    const audio = audioStream('audio', { fromSec: 9.98, toSec: 13 });
    feed(
      here,
      [top, low, audio].filter((stream) => stream !== undefined),
    );
    here.packager.end();
    expect(problemsOf(here.events)).toEqual([]);
    expect(starts(here.events, 'audio')[0]).toBeCloseTo(10.5, 1);
  });

  it('gives a rendition without samples its segments as gaps, with the same numbers and times', () => {
    const here = bench(30);
    here.packager.startLeg(leg(0, 10, { expected: ['720p', 'audio'] }));
    const [top, , audio] = ladder(at30, 10, 15);
    const both = [top, audio].filter((stream) => stream !== undefined);
    feed(here, both);
    expect(listOf(here, '360p')).toBe('(1) (2)');
    here.packager.endLeg();
    here.packager.startLeg(leg(1, 20));
    feed(here, ladder(at30, 20, 21));
    here.packager.end();
    expect(problemsOf(here.events)).toEqual([]);
    expect(listOf(here, '360p')).toBe('(1) (2) (3) 4');
    expect(starts(here.events, '360p')).toEqual([10, 12, 14, 20]);
    const [gap] = segmentsOf(here.events).get('360p') ?? [];
    expect(gap?.started.init).toBe(-1);
    expect(gap?.ended).toMatchObject({ durationSec: 2, byteLength: 0 });
  });

  it('goes on with the next rendition as reference when the first one ends, and with audio alone', () => {
    const here = bench(30);
    here.packager.startLeg(leg(0, 10));
    feed(here, ladder(at30, 10, 13));
    here.packager.endRendition('720p');
    const rest = ladder(at30, 10, 18).slice(1);
    const tail = rest.map((stream) => ({
      ...stream,
      frames: stream.frames.filter(
        ({ dts }) => dts / stream.timescale >= (stream.kind === 'audio' ? 13.19 : 12.99),
      ),
    }));
    for (const { rendition, bytes } of interleave(tail))
      if (bytes.length < 300) here.packager.write(rendition, bytes);
    here.packager.end();
    expect(problemsOf(here.events)).toEqual([]);
    expect(listOf(here, '720p')).toBe('1 2 (3) (4)');
    expect(starts(here.events, '360p')).toEqual([10, 12, 14, 16]);
  });

  it('packages audio alone in segments of the target length', () => {
    const here = bench(30, { renditions: [sound], partTargetSec: 0.25 });
    here.packager.startLeg(leg(0, 10, { expected: ['audio'] }));
    feed(here, [audioStream('audio', { fromSec: 10, toSec: 20 })]);
    here.packager.end();
    expect(problemsOf(here.events)).toEqual([]);
    const told = segmentsOf(here.events).get('audio') ?? [];
    expect(told.length).toBe(5);
    for (const { ended } of told.slice(0, -1))
      expect(Math.abs((ended?.durationSec ?? 0) - 2)).toBeLessThan(0.022);
    expect(packagedSamples(here.events, sound).length).toBe(468);
  });

  it('holds audio to the picture, but neither without limit nor without end', () => {
    const here = bench(30, { holdLimitSec: 1.5 });
    here.packager.startLeg(leg(0, 10));
    const [top, low, audio] = ladder(at30, 10, 30);
    const until = (sec: number) => (chunk: { bytes: Uint8Array }, index: number) =>
      index < sec && chunk.bytes.length > 0;
    const video = interleave([top, low].filter((stream) => stream !== undefined));
    const sounds = interleave([audio].filter((stream) => stream !== undefined));
    // 3 s of picture, then 9 s of sound without any, then the picture of that time all at once.
    for (const { rendition, bytes } of video.filter(until(2 + 2 * 90))) here.packager.write(rendition, bytes);
    for (const { rendition, bytes } of sounds.filter(until(1 + 9 * 47)))
      here.packager.write(rendition, bytes);
    const writtenAudioSec = here.events
      .filter((event) => event.type === 'part.written')
      .filter(({ rendition }) => rendition === 'audio')
      .reduce((sum, { durationSec }) => sum + durationSec, 0);
    expect(writtenAudioSec).toBeGreaterThan(8.5);
    expect(here.warnings.map((warning) => warning.kind)).toEqual(['referenceStalled', 'referenceStalled']);
    for (const { rendition, bytes } of video.slice(2 + 2 * 90)) here.packager.write(rendition, bytes);
    for (const { rendition, bytes } of sounds.slice(1 + 9 * 47)) here.packager.write(rendition, bytes);
    here.packager.end();
    expect(problemsOf(here.events)).toEqual([]);
    expect(packagedSamples(here.events, { ...sound, id: '720p' }).length).toBe(600);
    const told = segmentsOf(here.events).get('720p') ?? [];
    // Cuts made while the picture was away don't fall on key frames; those after it is back do.
    for (const { started, parts } of told.slice(-3)) {
      expect(parts[0]?.keyFrames[0]?.mediaTimeSec).toBeCloseTo(started.mediaTimeSec, 6);
    }
  });

  it('makes regular parts of irregular frames, and shows every frame when it should be', () => {
    const here = bench(30, { partTargetSec: 0.25 });
    here.packager.startLeg(leg(0, 10));
    const missing = (n: number): boolean => n % 60 !== 0 && ((n * 2654435761) % 2 ** 32) / 2 ** 32 < 0.45;
    const gaps = (n: number): boolean =>
      missing(n) || (n > 20 && n < 28) || (n > 70 && n < 83) || (n > 150 && n < 165);
    const streams = ladder({ ...at30, missing: gaps }, 10, 20);
    feed(here, streams);
    here.packager.end();
    expect(problemsOf(here.events)).toEqual([]);
    expect(starts(here.events, '720p')).toEqual([10, 12, 14, 16, 18]);
    const packaged = packagedSamples(here.events, { ...sound, id: '720p' });
    expect(packaged.map(({ ptsSec }) => ptsSec)).toEqual(streams[0]?.frames.map(({ dts }) => dts / 90_000));
  });

  it.each([
    [2.2, 167],
    [4.3, 230],
  ])('survives a silence of %d s', (_sec, until) => {
    const here = bench(30);
    here.packager.startLeg(leg(0, 10));
    feed(here, ladder({ ...at30, missing: (n) => n > 100 && n < until }, 10, 20));
    here.packager.end();
    expect(problemsOf(here.events)).toEqual([]);
    expect(starts(here.events, '720p').at(-1)).toBe(18);
    expect(listOf(here, 'audio')).toBe('1 2 3 4 5');
    expect(listOf(here, '720p')).toBe(until === 230 ? '1 2 (3) 4 5' : '1 2 3 4 5');
  });

  it('keeps audio in its place over a gap, in parts that keep the rules', () => {
    const here = bench(30);
    here.packager.startLeg(leg(0, 10));
    const [top, low] = ladder(at30, 10, 16);
    const missing = (n: number): boolean => (n > 50 && n < 56) || (n > 100 && n < 130) || n === 200;
    const audio = audioStream('audio', { fromSec: 10, toSec: 16.2, missing });
    feed(
      here,
      [top, low, audio].filter((stream) => stream !== undefined),
    );
    here.packager.end();
    expect(problemsOf(here.events)).toEqual([]);
    const times = new Map(packagedSamples(here.events, sound).map(({ id, ptsSec }) => [id, ptsSec]));
    for (const { id, dts } of audio.frames.filter((frame) => frame.dts < 16 * 48_000 - 512)) {
      expect(times.get(id)).toBeCloseTo(dts / 48_000, 9);
    }
  });

  it('says what is not allowed', () => {
    const { packager } = bench(30);
    expect(() => {
      packager.write('720p', new Uint8Array(8));
    }).toThrow('no open leg');
    packager.startLeg(leg(0, 10, { expected: ['audio'] }));
    expect(() => {
      packager.write('720p', new Uint8Array(8));
    }).toThrow('gets no data');
    expect(() => {
      packager.startLeg(leg(1, 20));
    }).toThrow('before the last one ended');
    expect(() => {
      packager.write('audio', new Uint8Array(64));
    }).toThrow(FragmentError);
    packager.endLeg();
    expect(() => {
      packager.startLeg(leg(0, 20));
    }).toThrow('the next one is 1');
    packager.end();
    packager.end();
    expect(() => {
      packager.startLeg(leg(1, 20));
    }).toThrow('before the last one ended');
  });

  it('keeps what was written when one rendition turns into garbage', () => {
    const here = bench(30);
    here.packager.startLeg(leg(0, 10));
    feed(here, ladder(at30, 10, 13));
    expect(() => {
      here.packager.write('360p', Buffer.from('garbage that is no box'));
    }).toThrow(FragmentError);
    here.packager.end();
    expect(problemsOf(here.events)).toEqual([]);
    expect(listOf(here, '360p')).toBe('1 2');
  });

  it('says nothing of a playback that never began', () => {
    const { packager, events } = bench(30);
    packager.end();
    expect(events).toEqual([]);
    const begun = bench(30);
    begun.packager.startLeg(leg(0, 10));
    begun.packager.end();
    const types: MediaEvent['type'][] = ['playback.started', 'leg.started', 'leg.ended', 'playback.ended'];
    expect(begun.events.map(({ type }) => type)).toEqual(types);
    expect(new Packager(begun.options).timeline).toBeNull();
  });
});

describe('videoStream', () => {
  it('shows each B-frame pattern in the order I B B P', () => {
    const { frames } = videoStream('x', { fps: 25, gopSec: 2, bFrames: true, fromSec: 0, toSec: 0.28 });
    expect(frames.map(({ dts, cts }) => (dts + cts) / 3600)).toEqual([2, 5, 3, 4, 8, 6, 7]);
  });
});
