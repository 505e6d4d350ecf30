import { jest } from '@jest/globals';
import { Buffer } from 'node:buffer';
import { av1, enhancedClip, hevc, vp9 } from '../../../tests/support/publish/enhancedClip.ts';
import { Admission, type Reservation } from '../live/Admission.ts';
import type { Rendition } from '../live/events.ts';
import { timedTags } from '../testing/FlvRelay.ts';
import type { LegPipeline } from './LegPipeline.ts';
import type { FlvTag } from './flv/FlvParser.ts';
import { beepTimes, flashAndBeep, flashTimes, packets, type Packet } from './testing/media.ts';
import { epochMs, retimed, runPipeline, tagsOf, type LegResult } from './testing/runPipeline.ts';

/** A small ladder with a copied top, so that both kinds of rendition are there at little cost. */
const smallLadder = (frameRate: number, copied = true): Rendition[] => [
  { kind: 'video', id: '180p', width: 320, height: 180, frameRate, copied, bitrateBps: 400_000 },
  { kind: 'video', id: '90p', width: 160, height: 90, frameRate, copied: false, bitrateBps: 150_000 },
  { kind: 'audio', id: 'audio', bitrateBps: 128_000 },
];

const movie = (leg: LegResult | undefined, id: string): Buffer => leg?.movies.get(id) ?? Buffer.alloc(0);
const keyTimes = (track: readonly Packet[]): number[] => track.filter(({ key }) => key).map(({ pts }) => pts);
const lengthOf = (track: readonly Packet[]): number => (track.at(-1)?.pts ?? 0) - (track[0]?.pts ?? 0);

/** Greatest distance of paired times; lists of different lengths don't pair. */
function apart(a: readonly number[], b: readonly number[]): number {
  if (a.length === 0 || a.length !== b.length) return Infinity;
  return Math.max(...a.map((time, at) => Math.abs(time - (b[at] ?? Infinity))));
}

/**
 * Every rendition of the leg flashes when the sound beeps, and nothing lies outside the leg's bounds. What begins
 * in the last tenth of a second may be cut off.
 */
async function expectSound(leg: LegResult | undefined, flashes: number): Promise<void> {
  const whole = (time: number): boolean => time < (leg?.ended.timeline.mediaTimeSec ?? 0) - 0.1;
  const beeps = (await beepTimes(movie(leg, 'audio'))).filter(whole);
  expect(beeps).toHaveLength(flashes);
  for (const plan of leg?.planned.plan.renditions ?? []) {
    const track = await packets(movie(leg, plan.id));
    expect(Math.min(...track.map(({ pts }) => pts))).toBeGreaterThanOrEqual(
      leg?.planned.mediaTimeSec ?? Infinity,
    );
    expect(Math.max(...track.map(({ pts }) => pts))).toBeLessThan(leg?.ended.timeline.mediaTimeSec ?? 0);
    if (plan.kind === 'audio') continue;
    expect(apart((await flashTimes(movie(leg, plan.id))).filter(whole), beeps)).toBeLessThan(0.1);
  }
}

/** Wall-clock times, by the legs' program date time, of what happened at media times. */
function wallTimes(leg: LegResult, mediaTimes: readonly number[]): number[] {
  const { mediaTimeSec, programDateTimeMs } = leg.planned;
  return mediaTimes.map((time) => (programDateTimeMs - epochMs) / 1000 + time - mediaTimeSec);
}

/** By the wall clock that the legs tell, a rendition flashes once a second over all of them. */
async function expectFlashEachSecond(legs: readonly LegResult[], id: string, flashes: number): Promise<void> {
  const ofLegs = legs.map(async (leg) => wallTimes(leg, await flashTimes(movie(leg, id))));
  const walls = (await Promise.all(ofLegs)).flat();
  const seconds = Array.from({ length: flashes }, (_, second) => second);
  const sinceFirst = walls.map((time) => time - (walls[0] ?? 0));
  expect(apart(sinceFirst, seconds)).toBeLessThan(0.1);
}

jest.setTimeout(180_000);

describe('LegPipeline', () => {
  it.each([24, 25, 30, 60])('copies and encodes %d fps with aligned key frames and sound', async (fps) => {
    const flv = await flashAndBeep({ seconds: 4, fps, group: fps });
    const { legs, warnings } = await runPipeline(tagsOf(flv), { renditions: smallLadder(fps) });
    expect(legs).toHaveLength(1);
    const [top, small] = await Promise.all(['180p', '90p'].map((id) => packets(movie(legs[0], id))));
    expect(top).toHaveLength(fps * 4);
    expect(small).toHaveLength(fps * 4);
    expect(keyTimes(top!)).toHaveLength(4);
    expect(apart(keyTimes(top!), keyTimes(small!))).toBeLessThan(0.0015);
    expect(top![0]!.pts).toBeGreaterThanOrEqual(10.03);
    expect(top![0]!.pts).toBeLessThan(10.1);
    await expectSound(legs[0], 4);
    expect(warnings).toEqual([]);
  });

  it('keeps B-frames in the copy, 44.1 kHz mono sound, and the key frames aligned', async () => {
    const flv = await flashAndBeep({ seconds: 4, group: 60, bFrames: 2, sampleRate: 44100, channels: 1 });
    const { legs } = await runPipeline(tagsOf(flv), { renditions: smallLadder(30) });
    const [top, small] = await Promise.all(['180p', '90p'].map((id) => packets(movie(legs[0], id))));
    expect(top!.some(({ pts, dts }) => pts - dts > 0.06)).toBe(true);
    expect(small!.every(({ pts, dts }) => pts === dts)).toBe(true);
    expect(apart(keyTimes(top!), keyTimes(small!))).toBeLessThan(0.0015);
    expect(legs[0]?.planned.source).toMatchObject({ video: { hasBFrames: true }, audio: { channels: 1 } });
    await expectSound(legs[0], 4);
  });

  it('makes variable frame rate regular, with key frames every 2 s', async () => {
    const filter = "select='not(eq(mod(n,5),3))*not(eq(mod(n,17),5))'";
    const flv = await flashAndBeep({ seconds: 5, filter, output: ['-fps_mode', 'vfr'] });
    const { legs } = await runPipeline(tagsOf(flv));
    expect(legs.map((leg) => leg.planned.plan.frames)).toEqual([24]);
    const track = await packets(movie(legs[0], '180p'));
    const steps = track.slice(1).map((packet, at) => packet.dts - (track[at]?.dts ?? 0));
    expect(Math.max(...steps.map((step) => Math.abs(step - 1 / 24)))).toBeLessThan(0.0005);
    const keys = keyTimes(track);
    expect(keys.slice(1).map((time, at) => Math.round((time - (keys[at] ?? 0)) * 1000))).toEqual([
      2000, 2000,
    ]);
    await expectSound(legs[0], 5);
  });

  it('encodes HEVC anew, in sync, also when it begins between two key frames', async () => {
    const pattern = {
      width: 640,
      height: 480,
      frameRate: 30,
      bFrames: 2,
      keyFrameIntervalSec: 5,
      durationSec: 5,
    };
    const tags = timedTags(await enhancedClip(pattern, hevc)).map(({ tag }) => tag);
    const whole = await runPipeline(tags);
    expect(whole.legs).toHaveLength(1);
    expect(whole.legs[0]?.planned.source.video).toMatchObject({
      ...{ codec: 'hevc', width: 640, height: 480, hasBFrames: true },
    });
    expect(whole.legs[0]?.planned.plan.renditions.map(({ kind }) => kind)).toEqual([
      'encode',
      'encode',
      'audio',
    ]);
    await expectSound(whole.legs[0], 5);
    const middle = tags.findIndex(({ timestampMs }) => timestampMs > 2500);
    const onPushed = async (index: number, pipeline: LegPipeline): Promise<void> => {
      if (index === middle) expect(pipeline.relieve(0.6)).toBe(true);
    };
    const { legs } = await runPipeline(tags, { onPushed });
    expect(legs.map((leg) => leg.ended.reason)).toEqual(['encoderTooSlow', 'sourceEnded']);
    await expectSound(legs[1], 2);
  });

  it.each([
    ['AV1', av1],
    ['VP9', vp9],
  ])('encodes %s anew, in sync', async (_, codec) => {
    const pattern = { width: 320, height: 180, frameRate: 30, durationSec: 4 };
    const { legs } = await runPipeline(timedTags(await enhancedClip(pattern, codec)).map(({ tag }) => tag));
    expect(legs).toHaveLength(1);
    const { video } = legs[0]!.planned.source;
    expect(video).toMatchObject({ width: 320, height: 180, frameRate: 30, widelyPlayable: false });
    await expectSound(legs[0], 4);
  });

  it('gives silence to a picture without sound', async () => {
    const flv = await flashAndBeep({ seconds: 3, audio: false });
    const { legs } = await runPipeline(tagsOf(flv));
    const [picture, sound] = await Promise.all(['180p', 'audio'].map((id) => packets(movie(legs[0], id))));
    expect(Math.abs(lengthOf(picture!) - lengthOf(sound!))).toBeLessThan(0.1);
    expect(await beepTimes(movie(legs[0], 'audio'))).toEqual([]);
  });

  it('gives sound alone, and a black picture to a session that has pictures', async () => {
    const flv = await flashAndBeep({ seconds: 3, video: false });
    const alone = await runPipeline(tagsOf(flv));
    expect(alone.legs[0]?.planned.renditions.map(({ id }) => id)).toEqual(['audio']);
    await expectSound(alone.legs[0], 3);
    const slate = await runPipeline(tagsOf(flv), { renditions: smallLadder(30) });
    const track = await packets(movie(slate.legs[0], '180p'));
    expect(Math.abs(track.length - 90)).toBeLessThan(4);
    expect(await flashTimes(movie(slate.legs[0], '180p'))).toEqual([]);
    expect(await beepTimes(movie(slate.legs[0], 'audio'))).toHaveLength(3);
  });

  it('takes a portrait', async () => {
    const { legs } = await runPipeline(tagsOf(await flashAndBeep({ seconds: 3, size: '400x720' })));
    expect(legs[0]?.planned.renditions).toMatchObject([
      { id: '400p', width: 400, height: 720, copied: true },
      { id: '360p', width: 360, height: 648, copied: false },
      { id: 'audio' },
    ]);
    await expectSound(legs[0], 3);
  });

  it.each([3_600_000, -1_500_000, 700])('stays in sync over a clock jump of %d ms', async (jumpMs) => {
    const tags = tagsOf(await flashAndBeep({ seconds: 5 }));
    const jumped = retimed(tags, (at) => 2 ** 32 - 1000 + at + (at > 2500 ? jumpMs : 0));
    const arrivals = tags.map((tag) => tag.timestampMs);
    const { legs, warnings } = await runPipeline(jumped, { renditions: smallLadder(30), arrivals });
    expect(legs).toHaveLength(1);
    await expectSound(legs[0], 5);
    expect(new Set(warnings.map(({ code }) => code))).toEqual(new Set(['clockJumped']));
  });

  it('goes on in a new leg after a change of size, on one timeline', async () => {
    const [wide, small] = await Promise.all([
      flashAndBeep({ seconds: 3 }),
      flashAndBeep({ seconds: 3, size: '240x136' }),
    ]);
    const tags: FlvTag[] = [...tagsOf(wide), ...retimed(tagsOf(small), (at) => at + 3000)];
    const { legs, timeline, warnings } = await runPipeline(tags, { renditions: smallLadder(30) });
    expect(legs.map((leg) => leg.ended.reason)).toEqual(['configurationChanged', 'sourceEnded']);
    expect(legs[1]?.planned.plan.renditions).toMatchObject([
      { kind: 'copy', width: 240 },
      { width: 158, height: 90 },
      {},
    ]);
    await expectSound(legs[0], 3);
    await expectSound(legs[1], 3);
    expect(legs[1]!.planned.mediaTimeSec).toBeGreaterThanOrEqual(legs[0]!.ended.timeline.mediaTimeSec);
    expect(legs[1]!.planned.mediaTimeSec - legs[0]!.ended.timeline.mediaTimeSec).toBeLessThan(0.07);
    expect(timeline).toEqual(legs[1]!.ended.timeline);
    await expectFlashEachSecond(legs, '180p', 6);
    expect(warnings.map(({ code }) => code)).toEqual(['resolutionChanged']);
  });

  it('leaves copying between two key frames without losing a picture', async () => {
    const flv = await flashAndBeep({ seconds: 6, group: 200, bFrames: 1 });
    const { legs } = await runPipeline(tagsOf(flv), { renditions: smallLadder(30) });
    expect(legs.map((leg) => [leg.ended.reason, leg.planned.plan.renditions[0]?.kind])).toEqual([
      ['keyFrameIntervalTooLong', 'copy'],
      ['sourceEnded', 'encode'],
    ]);
    await expectSound(legs[0], 3);
    await expectSound(legs[1], 3);
    const counts = await Promise.all(legs.map(async (leg) => (await packets(movie(leg, '90p'))).length));
    expect(Math.abs(counts[0]! + counts[1]! - 180)).toBeLessThan(4);
    await expectFlashEachSecond(legs, '90p', 6);
  });

  it('shows black while the picture is gone, and the picture again', async () => {
    const tags = tagsOf(await flashAndBeep({ seconds: 7 }));
    const holed = tags.filter(
      ({ type, timestampMs }) => type !== 'video' || timestampMs < 1500 || timestampMs > 4900,
    );
    const { legs } = await runPipeline(holed, { renditions: smallLadder(30) });
    expect(legs.map((leg) => leg.ended.reason)).toEqual(['videoLost', 'videoReturned', 'sourceEnded']);
    expect(legs[1]?.planned.plan.renditions.map(({ kind }) => kind)).toEqual(['slate', 'slate', 'audio']);
    expect(await flashTimes(movie(legs[1], '180p'))).toEqual([]);
    const beeps = await beepTimes(movie(legs[1], 'audio'));
    expect(beeps.slice(0, 3).map((time) => Math.round(time - (beeps[0] ?? 0)))).toEqual([0, 1, 2]);
    await expectSound(legs[0], 2);
    await expectSound(legs[2], 2);
  });

  it('goes on with smaller pictures when it is relieved', async () => {
    const tags = tagsOf(await flashAndBeep({ seconds: 5, size: '640x480', group: 300 }));
    const middle = tags.findIndex(({ timestampMs }) => timestampMs > 2500);
    const encoded = {
      kind: 'video',
      id: '480p',
      width: 640,
      height: 480,
      frameRate: 30,
      copied: false,
    } as const;
    const renditions: Rendition[] = [
      { ...encoded, bitrateBps: 1_000_000 },
      { kind: 'audio', id: 'audio', bitrateBps: 128_000 },
    ];
    const relieved: boolean[] = [];
    const onPushed = async (index: number, pipeline: LegPipeline): Promise<void> => {
      if (index === middle || index === middle + 5) relieved.push(pipeline.relieve(0.6));
    };
    const { legs } = await runPipeline(tags, { renditions, onPushed });
    expect(relieved).toEqual([true, false]);
    expect(legs.map((leg) => leg.ended.reason)).toEqual(['encoderTooSlow', 'sourceEnded']);
    expect(legs[1]?.planned.plan.renditions[0]).toMatchObject({
      id: '480p',
      kind: 'encode',
      width: 480,
      height: 360,
    });
    await expectSound(legs[1], 2);
  });

  it('encodes the top smaller in mid-session when another session has taken what the copy left', async () => {
    const admission = new Admission(1);
    const cores = admission.admit(null)!;
    let second: Reservation | null = null;
    const tags = tagsOf(await flashAndBeep({ seconds: 6, size: '640x480', group: 200 }));
    const renditions: Rendition[] = [
      ...smallLadder(30).filter(({ id }) => id !== '180p'),
      { kind: 'video', id: '480p', width: 640, height: 480, frameRate: 30, copied: true, bitrateBps: 1e6 },
    ];
    const onPushed = async (index: number): Promise<void> => {
      if (tags[index]!.timestampMs < 2000 || second !== null) return;
      second = admission.admit(null);
      second?.settle(admission.budgetCores - 0.2);
    };
    const { legs, warnings } = await runPipeline(tags, {
      renditions: renditions.toReversed(),
      cores,
      onPushed,
    });
    expect(legs.map(({ planned }) => planned.plan.renditions[0])).toMatchObject([
      { id: '480p', kind: 'copy', width: 640 },
      { id: '480p', kind: 'encode', width: 480 },
    ]);
    expect(warnings.map(({ code }) => code)).toEqual(['renditionsDropped']);
    expect(admission.usedCores).toBeLessThanOrEqual(1);
  });

  it('begins a new leg when the sound changes its form', async () => {
    const [first, second] = await Promise.all([
      flashAndBeep({ seconds: 3 }),
      flashAndBeep({ seconds: 6, video: false, sampleRate: 22050, channels: 1 }),
    ]);
    const picture = tagsOf(await flashAndBeep({ seconds: 6, audio: false }));
    const isConfig = ({ body }: FlvTag): boolean => body[1] === 0;
    const sound = [
      ...tagsOf(first).filter(({ type }) => type === 'audio'),
      ...tagsOf(second)
        .filter((tag) => tag.type === 'audio' && (tag.timestampMs > 3050 || isConfig(tag)))
        .map((tag) => (isConfig(tag) ? { ...tag, timestampMs: 3040 } : tag)),
    ];
    const tags = [...picture, ...sound];
    const { legs } = await runPipeline(
      tags.toSorted((a, b) => a.timestampMs - b.timestampMs),
      {
        renditions: smallLadder(30),
      },
    );
    expect(legs.map((leg) => leg.planned.source.audio?.sampleRateHz)).toEqual([48000, 22050]);
    await expectSound(legs[1], 2);
  });

  it('stays in sync when it begins in the middle of a connection of a session', async () => {
    const timeline = { mediaTimeSec: 500.123, programDateTimeMs: epochMs - 20_000 };
    const { legs } = await runPipeline(tagsOf(await flashAndBeep({ seconds: 3 })), {
      renditions: smallLadder(30),
      timeline,
    });
    expect(legs[0]!.planned.mediaTimeSec).toBeGreaterThanOrEqual(500.123);
    expect(legs[0]!.planned.mediaTimeSec).toBeLessThan(500.2);
    expect(Math.abs(legs[0]!.planned.programDateTimeMs - epochMs)).toBeLessThan(100);
    await expectSound(legs[0], 3);
  });
});
