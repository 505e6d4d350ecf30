import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import type { ConditionedEvent, ConditionedLeg, LegRules } from './conditioned.ts';
import { FlvConditioner } from './FlvConditioner.ts';
import { FlvParser } from './flv/FlvParser.ts';
import { readAudioContent, readVideoContent } from './flv/tagContent.ts';
import type { SourceInfo } from './sourceInfo.ts';
import {
  aacRecords,
  announcement,
  avcRecords,
  interleaved,
  pictures,
  sounds,
  type StreamOptions,
  type TimedTag,
} from './testing/flvStream.ts';

interface Written {
  readonly timeMs: number;
  readonly key: boolean;
  /** Sound that stands in. */
  readonly silent: boolean;
}
interface LegSeen {
  readonly leg: ConditionedLeg;
  readonly video: Written[];
  readonly audio: Written[];
  readonly durationMs: number;
  readonly reason: string;
}

const copying = (source: SourceInfo): LegRules => ({
  copiesVideo:
    source.video !== null && source.video.constantFrameRate && (source.video.keyFrameIntervalSec ?? 0) <= 2.4,
  takesVideo: true,
  frameRate: 30,
});

function run(
  tags: readonly TimedTag[],
  plan = copying,
  audioOnly = false,
): { legs: LegSeen[]; events: ConditionedEvent[]; last: FlvConditioner } {
  const conditioner = new FlvConditioner(plan, audioOnly);
  const events = tags.flatMap(({ tag, atMs }) => conditioner.push(tag, 1e12 + atMs));
  events.push(...conditioner.end());
  return { legs: legsOf(events), events, last: conditioner };
}

function legsOf(events: readonly ConditionedEvent[]): LegSeen[] {
  const legs: LegSeen[] = [];
  let leg: ConditionedLeg | null = null;
  let bytes: Uint8Array[] = [];
  for (const event of events) {
    if (event.type === 'leg.planned') {
      expect(leg).toBeNull();
      leg = event.leg;
      bytes = [];
    } else if (event.type === 'media') {
      expect(leg).not.toBeNull();
      bytes.push(event.bytes);
    } else if (event.type === 'leg.ended' && leg !== null) {
      legs.push({
        leg,
        ...readLeg(Buffer.concat(bytes)),
        durationMs: event.durationMs,
        reason: event.reason,
      });
      leg = null;
    }
  }
  expect(leg).toBeNull();
  return legs;
}

function readLeg(flv: Uint8Array): { video: Written[]; audio: Written[] } {
  const written = { video: [] as Written[], audio: [] as Written[] };
  for (const tag of new FlvParser().push(flv)) {
    if (tag.type === 'script') continue;
    const content = tag.type === 'video' ? readVideoContent(tag.body) : readAudioContent(tag.body);
    if (content?.kind !== 'frame') continue;
    const key = tag.type === 'video' && readVideoContent(tag.body)?.key === true;
    written[tag.type].push({
      timeMs: tag.timestampMs,
      key,
      silent: content.data[content.data.length - 1] !== 7 || content.data[0] !== 0x21,
    });
  }
  return written;
}

const gaps = (track: readonly Written[]): number[] =>
  track.slice(1).map((frame, at) => frame.timeMs - (track[at]?.timeMs ?? 0));
const both = (options: StreamOptions): TimedTag[] => interleaved(pictures(options), sounds(options));
const codes = (events: readonly ConditionedEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'warning' ? [event.warning.code] : []));
const announced = announcement({
  width: 320,
  height: 180,
  framerate: 30,
  videodatarate: 800,
  audiodatarate: 96,
});

describe('FlvConditioner', () => {
  it('gives one leg of a plain stream, beginning with a key frame at 0', () => {
    const { legs, events } = run([announced, ...both({ fromMs: 5000, toMs: 9000 })]);
    expect(legs).toHaveLength(1);
    const leg = legs[0]!;
    expect(leg.leg.source).toEqual({
      video: expect.objectContaining({
        width: 320,
        height: 180,
        frameRate: 30,
        constantFrameRate: true,
        hasBFrames: false,
      }),
      audio: { codec: 'aac', sampleRateHz: 48000, channels: 2 },
      announcedVideoBps: 800_000,
      announcedAudioBps: 96_000,
    });
    expect(leg.leg.leadInMs).toBe(0);
    expect(leg.leg.programDateTimeMs).toBeCloseTo(1e12 + 5000, -1);
    expect(leg.video[0]).toMatchObject({ timeMs: 0, key: true });
    expect(leg.video).toHaveLength(120);
    expect(leg.audio).toHaveLength(187);
    expect(leg.audio.every((frame) => !frame.silent)).toBe(true);
    expect(Math.abs(leg.durationMs - 4000)).toBeLessThan(30);
    expect(codes(events)).toEqual([]);
  });

  it('begins with the first key frame when joining in the middle, with the sound from there on', () => {
    const late = both({ fromMs: 0, toMs: 4000, group: 60 }).filter(
      ({ atMs, tag }) => atMs > 500 || tag.body[1] === 0,
    );
    const leg = run(late).legs[0]!;
    expect(leg.video[0]).toMatchObject({ timeMs: 0, key: true });
    expect(leg.video).toHaveLength(60);
    expect(leg.audio[0]!.timeMs).toBeLessThan(25);
  });

  it('puts silence where there is no sound at all', () => {
    const { legs, last } = run(pictures({ fromMs: 0, toMs: 3000 }));
    expect(legs[0]!.leg.source.audio).toBeNull();
    expect(legs[0]!.audio.every((frame) => frame.silent)).toBe(true);
    expect(legs[0]!.audio).toHaveLength(Math.floor((2967 * 48) / 1024));
    expect(last.health.standing.map((warning) => warning.code)).toEqual(['noAudio']);
  });

  it('fills a hole in the sound, and takes the sound up again', () => {
    const video = pictures({ fromMs: 0, toMs: 6000 });
    const sound = sounds({ fromMs: 0, toMs: 6000 }).filter(({ atMs }) => atMs < 2000 || atMs > 4000);
    const leg = run(interleaved(video, sound)).legs[0]!;
    expect(Math.max(...gaps(leg.audio))).toBeLessThan(45);
    const silent = leg.audio.filter((frame) => frame.silent);
    expect(Math.abs((silent.length * 1024) / 48 - 2000)).toBeLessThan(50);
    expect(leg.audio.at(-1)).toMatchObject({ silent: false });
  });

  it('waits for sound that is merely late, after it has once been late', () => {
    const video = pictures({ fromMs: 0, toMs: 8000 });
    const sound = sounds({ fromMs: 0, toMs: 8000 }).map((tag) => ({
      ...tag,
      atMs: tag.atMs + (tag.atMs > 2000 ? 500 : 0),
    }));
    const leg = run(interleaved(video, sound)).legs[0]!;
    expect(leg.audio.filter((frame) => frame.silent).length).toBeLessThan(40);
    expect(Math.max(...gaps(leg.audio))).toBeLessThan(45);
  });

  it('begins a new leg where the configuration changes, at the key frame', () => {
    const first = both({ fromMs: 0, toMs: 2500 });
    const second = both({ fromMs: 2500, toMs: 5000, avc: avcRecords.portrait1080 });
    const { legs, events } = run([...first, ...second]);
    expect(legs.map((leg) => leg.reason)).toEqual(['configurationChanged', 'sourceEnded']);
    expect(legs[1]!.leg.source.video).toMatchObject({ width: 1080, height: 1920 });
    expect(legs[1]!.video[0]).toMatchObject({ timeMs: 0, key: true });
    expect(legs.map((leg) => leg.video.length)).toEqual([75, 75]);
    expect(codes(events)).toEqual(['resolutionChanged']);
    expect(legs[1]!.leg.programDateTimeMs - legs[0]!.leg.programDateTimeMs).toBeCloseTo(2500, -1);
  });

  it('takes a repeated configuration for what it is', () => {
    const again = pictures({ fromMs: 2000, toMs: 4000 });
    expect(
      run(interleaved(pictures({ fromMs: 0, toMs: 2000 }), again, sounds({ fromMs: 0, toMs: 4000 }))).legs,
    ).toHaveLength(1);
  });

  it('begins a new leg with the next key frame when the sound changes while copying', () => {
    const video = pictures({ fromMs: 0, toMs: 6000 });
    const sound = [
      ...sounds({ fromMs: 0, toMs: 3200 }),
      ...sounds({ fromMs: 3200, toMs: 6000, aac: aacRecords.mono44 }),
    ];
    const { legs } = run(interleaved(video, sound));
    expect(legs.map((leg) => leg.reason)).toEqual(['configurationChanged', 'sourceEnded']);
    expect(legs[1]!.leg.source.audio).toEqual({ codec: 'aac', sampleRateHz: 44100, channels: 1 });
    expect(legs[1]!.video).toHaveLength(60);
  });

  it('goes on between two key frames when they turn out too far apart to copy', () => {
    const { legs, last } = run(both({ fromMs: 0, toMs: 9000, group: 150 }));
    expect(legs.map((leg) => leg.reason)).toEqual(['keyFrameIntervalTooLong', 'sourceEnded']);
    const [copy, encode] = [legs[0]!, legs[1]!];
    expect(Math.max(...copy.video.map((frame) => frame.timeMs))).toBeLessThanOrEqual(2400);
    expect(encode.leg.leadInMs).toBeCloseTo(copy.video.length * (1000 / 30), -1);
    expect(encode.video[0]).toMatchObject({ timeMs: 0, key: true });
    expect(encode.video).toHaveLength(270);
    // The sound begins where the output does, not where the decoder's run-up does.
    expect(encode.audio[0]!.timeMs).toBeGreaterThanOrEqual(encode.leg.leadInMs - 1);
    expect(encode.audio[0]!.timeMs).toBeLessThan(encode.leg.leadInMs + 25);
    expect(encode.leg.rules.copiesVideo).toBe(false);
    expect(last.health.standing.map((warning) => warning.code)).toContain('keyFrameIntervalTooLong');
  });

  it('knows a too long key-frame distance from the start when the relay sends a whole group', () => {
    const burst = both({ fromMs: 0, toMs: 4000, group: 200 }).map((tag) => ({ ...tag, atMs: 0 }));
    const { legs } = run([...burst, ...both({ fromMs: 4000, toMs: 4100 })]);
    expect(legs[0]!.leg.rules.copiesVideo).toBe(true);
    const joined = run(interleaved(both({ fromMs: 0, toMs: 4000, group: 200 })));
    expect(joined.legs.at(-1)!.leg.rules.copiesVideo).toBe(false);
  });

  it('ends a copied leg at a hole: once with a new copy, then with encoding', () => {
    const lost = (from: number, to: number) => (tag: TimedTag) => tag.atMs < from || tag.atMs >= to;
    const sound = sounds({ fromMs: 0, toMs: 8000 });
    const toKey = run(interleaved(pictures({ fromMs: 0, toMs: 8000 }).filter(lost(2500, 2999)), sound));
    expect(toKey.legs.map((leg) => [leg.reason, leg.leg.rules.copiesVideo])).toEqual([
      ['cadenceLost', true],
      ['sourceEnded', true],
    ]);
    const midway = run(interleaved(pictures({ fromMs: 0, toMs: 8000 }).filter(lost(2200, 2700)), sound));
    expect(midway.legs.map((leg) => [leg.reason, leg.leg.rules.copiesVideo])).toEqual([
      ['cadenceLost', true],
      ['sourceEnded', false],
    ]);
    expect(midway.last.health.standing.map((warning) => warning.code)).toContain('variableFrameRate');
  });

  it('shows a slate while the picture is gone, without a hole in the sound', () => {
    const video = pictures({ fromMs: 0, toMs: 9000 }).filter(({ atMs }) => atMs < 2500 || atMs >= 7000);
    const { legs } = run(interleaved(video, sounds({ fromMs: 0, toMs: 9000 })));
    expect(legs.map((leg) => leg.reason)).toEqual(['videoLost', 'videoReturned', 'sourceEnded']);
    const slate = legs[1]!;
    expect(slate.leg.source.video).toBeNull();
    expect(slate.video.every((frame) => frame.key)).toBe(true);
    expect(Math.abs(slate.durationMs - 4500)).toBeLessThan(60);
    expect(Math.abs(slate.video.length - 135)).toBeLessThan(4);
    expect(slate.audio.every((frame) => !frame.silent)).toBe(true);
    expect(Math.max(...gaps(slate.audio))).toBeLessThan(45);
  });

  it('plans a source without pictures as such', () => {
    const audioOnly = run(sounds({ fromMs: 0, toMs: 4000 }), () => ({
      copiesVideo: false,
      takesVideo: false,
      frameRate: 30,
    }));
    expect(audioOnly.legs).toHaveLength(1);
    expect(audioOnly.legs[0]!.video).toHaveLength(0);
    expect(audioOnly.legs[0]!.audio).toHaveLength(187);
    const withSlate = run(sounds({ fromMs: 0, toMs: 4000 }));
    expect(withSlate.legs[0]!.video.length).toBeGreaterThan(115);
  });

  it('takes no picture for a session of sound alone, waits for none that is announced, and says so', () => {
    const plan = (): LegRules => ({ copiesVideo: false, takesVideo: false, frameRate: 30 });
    const both = [...pictures({ fromMs: 0, toMs: 2000 }), ...sounds({ fromMs: 0, toMs: 2000 })];
    const { legs, last } = run([announced, ...both.toSorted((a, b) => a.atMs - b.atMs)], plan, true);
    expect(legs).toHaveLength(1);
    expect(legs[0]!.leg.source).toMatchObject({ video: null, announcedVideoBps: 0 });
    expect(legs[0]!.video).toHaveLength(0);
    expect(legs[0]!.audio.length).toBeGreaterThan(90);
    expect(last.health.standing.map(({ code }) => code)).toEqual(['pictureIgnored']);
  });

  it('says what it ignores', () => {
    const vp8: TimedTag = {
      atMs: 0,
      tag: { type: 'video', timestampMs: 0, body: Buffer.from('\x90vp08abcdef', 'latin1') },
    };
    const failed = run([vp8, ...sounds({ fromMs: 0, toMs: 2000 })]);
    expect(failed.events.at(-1)).toEqual({ type: 'failed', reason: 'unsupportedCodec' });
    expect(failed.last.health.standing.map((warning) => warning.code)).toEqual(['unsupportedVideoCodec']);
    const mp3: TimedTag = {
      atMs: 10,
      tag: { type: 'audio', timestampMs: 10, body: Uint8Array.of(0x2f, 1, 2) },
    };
    const silent = run([
      ...pictures({ fromMs: 0, toMs: 100 }),
      mp3,
      ...pictures({ fromMs: 100, toMs: 2000 }),
    ]);
    expect(silent.last.health.standing.map((warning) => warning.code)).toEqual([
      'unsupportedAudioCodec',
      'noAudio',
    ]);
    const nothing = run([announced, { ...announced, atMs: 11_000 }]);
    expect(nothing.events.at(-1)).toEqual({ type: 'failed', reason: 'noMedia' });
  });

  it('restarts a leg after its encoder died: copies at the next key frame, others at once', () => {
    for (const group of [30, 150]) {
      const tags = both({ fromMs: 0, toMs: 8000, group });
      const conditioner = new FlvConditioner(copying);
      const events = tags.flatMap(({ tag, atMs }, index) => [
        ...conditioner.push(tag, 1e12 + atMs),
        ...(index === 500 ? conditioner.restartLeg('encoderFailed') : []),
      ]);
      const legs = legsOf([...events, ...conditioner.end()]);
      const failed = legs.findIndex((leg) => leg.reason === 'encoderFailed');
      expect(legs[failed + 1]).toBeDefined();
      const hole =
        legs[failed + 1]!.leg.programDateTimeMs -
        legs[failed]!.leg.programDateTimeMs -
        legs[failed]!.durationMs;
      expect(Math.abs(hole)).toBeLessThan(group === 30 ? 1000 : 150);
    }
  });

  it('takes B-frames, says so, and names the measured rate', () => {
    const { legs, last } = run(
      both({ fromMs: 0, toMs: 4000, fps: 25, group: 50, bFrames: true }),
      (source) => ({
        ...copying(source),
        frameRate: 25,
      }),
    );
    expect(legs).toHaveLength(1);
    // The parameter set says 30: the clock is right.
    expect(legs[0]!.leg.source.video).toMatchObject({ frameRate: 25, hasBFrames: true });
    expect(last.health.standing.map((warning) => warning.code)).toEqual(['bFrames']);
  });

  it('rises in time, in every track and leg, whatever the clock does', () => {
    const jump = fc.record({
      atMs: fc.integer({ min: 0, max: 6000 }),
      byMs: fc.integer({ min: -1e7, max: 1e7 }),
    });
    const property = fc.property(
      fc.array(jump, { maxLength: 3 }),
      fc.boolean(),
      fc.constantFrom(24, 30, 60),
      (jumps, bFrames, fps) => {
        const clock = (at: number): number =>
          2 ** 32 -
          3000 +
          at +
          jumps.filter((each) => at >= each.atMs).reduce((sum, each) => sum + each.byMs, 0);
        const { legs } = run(both({ fromMs: 0, toMs: 7000, bFrames, fps, clock }));
        const total = legs.reduce((sum, leg) => sum + leg.durationMs, 0);
        expect(Math.abs(total - 7000)).toBeLessThan(700);
        for (const leg of legs) {
          expect(leg.video[0]).toMatchObject({ timeMs: 0, key: true });
          for (const gap of gaps(leg.video)) expect(gap).toBeGreaterThan(0);
          for (const gap of gaps(leg.audio)) expect(gap).toBeGreaterThanOrEqual(0);
          const apart = leg.video.at(-1)!.timeMs - leg.audio.at(-1)!.timeMs;
          expect(Math.abs(apart)).toBeLessThan(350);
        }
      },
    );
    fc.assert(property, { numRuns: 25 });
  });
});
