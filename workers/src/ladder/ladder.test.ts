import type { SourceInfo, VideoInfo } from '../source/sourceInfo.ts';
import { chooseLadder } from './chooseLadder.ts';
import { encoderThreads, legCores } from './cost.ts';
import { planCores, planLeg } from './planLeg.ts';
import { scaledTo, videoBitrateBps } from './rungs.ts';

const video: VideoInfo = {
  codec: 'h264',
  width: 1920,
  height: 1080,
  pixelAspect: 1,
  profile: 100,
  level: 40,
  widelyPlayable: true,
  interlaced: false,
  frameRate: 30,
  constantFrameRate: true,
  keyFrameIntervalSec: 2,
  hasBFrames: false,
};
const withVideo = (changes: Partial<VideoInfo>): SourceInfo => ({
  video: { ...video, ...changes },
  audio: { codec: 'aac', sampleRateHz: 48000, channels: 2 },
  announcedVideoBps: 5_000_000,
  announcedAudioBps: 160_000,
});
const plenty = { cpuBudgetCores: 16 };
const summary = (changes: Partial<VideoInfo>, options = plenty): string[] =>
  chooseLadder(withVideo(changes), options).renditions.map((rendition) =>
    rendition.kind === 'audio'
      ? `${rendition.id} ${rendition.bitrateBps / 1000}k`
      : `${rendition.id} ${rendition.width}x${rendition.height} ${rendition.copied ? 'copy' : `${rendition.bitrateBps / 1000}k`}`,
  );

describe('chooseLadder', () => {
  it('copies a regular H.264 source and encodes what is below it', () => {
    expect(summary({})).toEqual([
      '1080p 1920x1080 copy',
      '720p 1280x720 2500k',
      '480p 854x480 1200k',
      '360p 640x360 600k',
      'audio 128k',
    ]);
    expect(chooseLadder(withVideo({}), plenty)).toMatchObject({
      mode: 'copyTop',
      sessionFps: 30,
      warnings: [],
    });
    expect(chooseLadder(withVideo({}), plenty).renditions[0]).toMatchObject({
      bitrateBps: 5_000_000,
      frameRate: 30,
    });
  });

  it('encodes all when the source can not be passed on', () => {
    for (const changes of [
      { keyFrameIntervalSec: 4 },
      { constantFrameRate: false },
      { widelyPlayable: false },
    ]) {
      expect(chooseLadder(withVideo(changes), plenty).mode).toBe('encodeAll');
      expect(summary(changes)[0]).toBe('1080p 1920x1080 4500k');
    }
    expect(chooseLadder(withVideo({ keyFrameIntervalSec: null }), plenty).mode).toBe('copyTop');
  });

  it('never scales up, and leaves out rungs too near to the source', () => {
    expect(summary({ width: 1280, height: 720 })).toEqual([
      '720p 1280x720 copy',
      '480p 854x480 1200k',
      '360p 640x360 600k',
      'audio 128k',
    ]);
    expect(summary({ width: 960, height: 540 })).toEqual([
      '540p 960x540 copy',
      '360p 640x360 600k',
      'audio 128k',
    ]);
    expect(summary({ width: 720, height: 404 })).toEqual([
      '404p 720x404 copy',
      '360p 642x360 600k',
      'audio 128k',
    ]);
    expect(summary({ width: 640, height: 360 })).toEqual(['360p 640x360 copy', 'audio 128k']);
    expect(summary({ width: 320, height: 180 })).toEqual(['180p 320x180 copy', 'audio 128k']);
    expect(summary({ width: 320, height: 180, constantFrameRate: false })).toEqual([
      '180p 320x180 260k',
      'audio 128k',
    ]);
  });

  it('copies beyond 1080p but never encodes it', () => {
    expect(summary({ width: 3840, height: 2160 }).slice(0, 2)).toEqual([
      '2160p 3840x2160 copy',
      '1080p 1920x1080 4500k',
    ]);
    expect(summary({ width: 2560, height: 1440, constantFrameRate: false })[0]).toBe('1080p 1920x1080 4500k');
  });

  it('goes by the short side of a portrait, and by the shown shape of oblong pixels', () => {
    expect(summary({ width: 1080, height: 1920 })).toEqual([
      '1080p 1080x1920 copy',
      '720p 720x1280 2500k',
      '480p 480x854 1200k',
      '360p 360x640 600k',
      'audio 128k',
    ]);
    expect(summary({ width: 720, height: 576, pixelAspect: 64 / 45 })).toEqual([
      '576p 720x576 copy',
      '480p 854x480 1200k',
      '360p 640x360 600k',
      'audio 128k',
    ]);
  });

  it('fixes the frame rate of the session', () => {
    const fps = (changes: Partial<VideoInfo>): number | null =>
      chooseLadder(withVideo(changes), plenty).sessionFps;
    for (const frameRate of [24, 25, 30000 / 1001, 48, 50, 60]) expect(fps({ frameRate })).toBe(frameRate);
    expect(fps({ frameRate: 22, constantFrameRate: false })).toBe(24);
    expect(fps({ frameRate: 29.8, constantFrameRate: false })).toBe(30);
    expect(fps({ frameRate: 75, constantFrameRate: false })).toBe(60);
    expect(fps({ frameRate: 5 })).toBe(15);
    expect(fps({ frameRate: 120 })).toBe(60);
    expect(summary({ frameRate: 60, constantFrameRate: false }).slice(0, 3)).toEqual([
      '1080p 1920x1080 6000k',
      '720p 1280x720 3500k',
      '480p 854x480 1200k',
    ]);
  });

  it('drops the dearest encodes when the processor is too small, and says so', () => {
    const small = chooseLadder(withVideo({}), { cpuBudgetCores: 0.7 });
    expect(small.renditions.map((rendition) => rendition.id)).toEqual(['1080p', '480p', '360p', 'audio']);
    expect(small.warnings).toEqual([
      { code: 'renditionsDropped', owner: 'internal', message: expect.stringContaining('720p') },
    ]);
    expect(summary({ constantFrameRate: false }, { cpuBudgetCores: 0.05 })).toEqual([
      '360p 640x360 600k',
      'audio 128k',
    ]);
  });

  it('offers sound alone for a source without pictures', () => {
    const ladder = chooseLadder({ ...withVideo({}), video: null }, plenty);
    expect(ladder).toEqual({
      renditions: [{ kind: 'audio', id: 'audio', bitrateBps: 128_000 }],
      mode: 'audioOnly',
      sessionFps: null,
      warnings: [],
    });
  });
});

describe('planLeg', () => {
  const ladder = chooseLadder(withVideo({}), plenty).renditions;
  const kinds = (source: SourceInfo, renditions = ladder, options = plenty): string[] =>
    planLeg(renditions, source, options).plan.renditions.map((plan) =>
      'width' in plan ? `${plan.id} ${plan.kind} ${plan.width}x${plan.height}` : `${plan.id} ${plan.kind}`,
    );

  it('copies the top and lets the encoders follow its key frames', () => {
    expect(kinds(withVideo({}))).toEqual([
      '1080p copy 1920x1080',
      '720p encode 1280x720',
      '480p encode 854x480',
      '360p encode 640x360',
      'audio audio',
    ]);
    expect(planLeg(ladder, withVideo({}), plenty)).toMatchObject({
      plan: { keyFrames: 'source', frames: 'passthrough', frameRate: 30, deinterlace: false },
      rules: { copiesVideo: true, takesVideo: true, frameRate: 30 },
      warnings: [],
    });
  });

  it('encodes the top too when a later source can not be copied', () => {
    for (const changes of [
      { keyFrameIntervalSec: 5 },
      { frameRate: 60 },
      { constantFrameRate: false },
      { interlaced: true, widelyPlayable: false },
    ]) {
      const { plan, rules } = planLeg(ladder, withVideo(changes), plenty);
      expect(plan).toMatchObject({ keyFrames: 'every2Sec', frames: 30 });
      expect(plan.renditions[0]).toMatchObject({ id: '1080p', kind: 'encode', bitrateBps: 4_500_000 });
      expect(rules.copiesVideo).toBe(false);
    }
    expect(
      planLeg(ladder, withVideo({ interlaced: true, widelyPlayable: false }), plenty).plan.deinterlace,
    ).toBe(true);
  });

  it('keeps the ids when the source becomes smaller, larger or turns', () => {
    expect(kinds(withVideo({ width: 640, height: 360 }))).toEqual([
      '1080p copy 640x360',
      '720p encode 640x360',
      '480p encode 640x360',
      '360p encode 640x360',
      'audio audio',
    ]);
    expect(kinds(withVideo({ width: 3840, height: 2160 }))[0]).toBe('1080p encode 1920x1080');
    expect(kinds(withVideo({ width: 1080, height: 1920 })).slice(0, 2)).toEqual([
      '1080p copy 1080x1920',
      '720p encode 720x1280',
    ]);
  });

  it('never begins to copy what was announced as encoded', () => {
    const encodedLadder = chooseLadder(withVideo({ constantFrameRate: false }), plenty).renditions;
    expect(kinds(withVideo({}), encodedLadder)[0]).toBe('1080p encode 1920x1080');
  });

  it('shows a slate for missing pictures, and sound alone where there are none to show', () => {
    const without = { ...withVideo({}), video: null };
    expect(kinds(without)).toEqual([
      '1080p slate 1920x1080',
      '720p slate 1280x720',
      '480p slate 854x480',
      '360p slate 640x360',
      'audio audio',
    ]);
    expect(planLeg(ladder, without, plenty).plan).toMatchObject({ keyFrames: 'every2Sec', frames: 30 });
    const tight = { cpuBudgetCores: 0.7 };
    expect(kinds(without, ladder, tight)).toEqual([
      '1080p slate 640x360',
      '720p slate 854x480',
      '480p slate 854x480',
      '360p slate 640x360',
      'audio audio',
    ]);
    const fitted = planLeg(ladder, without, tight);
    expect(planCores(fitted.plan, without)).toBeLessThanOrEqual(0.7);
    expect(fitted.warnings).toEqual([]);
    const soundOnly = chooseLadder(without, plenty).renditions;
    expect(kinds(withVideo({}), soundOnly)).toEqual(['audio audio']);
    expect(planLeg(soundOnly, withVideo({}), plenty).rules.takesVideo).toBe(false);
  });

  it('makes pictures smaller when encoding the top costs too much', () => {
    const { plan, warnings } = planLeg(ladder, withVideo({ constantFrameRate: false }), {
      cpuBudgetCores: 1.2,
    });
    expect(plan.renditions[0]).toMatchObject({ id: '1080p', kind: 'encode', width: 854 });
    expect(warnings).toHaveLength(1);
  });
});

describe('sizes, rates and costs', () => {
  it('are even, proportional and rise', () => {
    expect(scaledTo({ width: 1366, height: 768 }, 480)).toEqual({ width: 854, height: 480 });
    expect(scaledTo({ width: 101, height: 99 }, 480)).toEqual({ width: 100, height: 98 });
    expect(videoBitrateBps({ width: 960, height: 540 }, 30)).toBe(1_480_000);
    expect(videoBitrateBps({ width: 3840, height: 2160 }, 30)).toBe(4_500_000);
    const whole = legCores(
      video,
      [
        { width: 1280, height: 720 },
        { width: 640, height: 360 },
      ],
      30,
    );
    const small = [{ width: 640, height: 360 }];
    expect(whole).toBeGreaterThan(legCores(video, small, 30));
    expect(legCores({ ...video, codec: 'hevc' }, small, 30)).toBeGreaterThan(legCores(video, small, 30));
    expect(encoderThreads({ width: 640, height: 360 }, 30, 8)).toBe(1);
    expect(encoderThreads({ width: 1920, height: 1080 }, 60, 8)).toBe(4);
    expect(encoderThreads({ width: 1920, height: 1080 }, 60, 2)).toBe(2);
  });
});
