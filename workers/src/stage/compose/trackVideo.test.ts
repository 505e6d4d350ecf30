import { PlayoutDelay } from '../room/PlayoutDelay.ts';
import { VideoInput } from '../room/VideoInput.ts';
import { NodeClock } from '../rtp/StreamClock.ts';
import { TrackVideo } from './TrackVideo.ts';

const delayMs = 250;

function start() {
  let asked = 0;
  const input = new VideoInput({
    ...{ codec: 'vp8', node: new NodeClock(), delay: new PlayoutDelay() },
    askKeyFrame: () => (asked += 1),
  });
  const track = new TrackVideo(input, 1);
  const give = (captureMs: number, key = false): void =>
    void input.emit('picture', { timestamp: captureMs, key, data: Uint8Array.of(1) }, captureMs);
  const due = (nowMs: number): number[] => track.due(nowMs).map(({ timestamp }) => timestamp);
  return { track, give, due, asked: () => asked };
}

describe('the pictures of a track', () => {
  it('begin with a key frame, which is asked for, and come when they are due', () => {
    const { track, give, due, asked } = start();
    expect(asked()).toBe(1);
    give(1_000);
    give(1_033, true);
    give(1_066);
    expect(due(1_000 + delayMs)).toEqual([]);
    expect(due(1_040 + delayMs)).toEqual([1_033]);
    expect(due(1_040 + delayMs)).toEqual([]);
    expect(due(1_066 + delayMs)).toEqual([1_066]);
    track.needsKey();
    give(1_100);
    give(1_133, true);
    expect(due(2_000)).toEqual([1_133]);
  });

  it('are shown from the first decoded one until none has come for five seconds', () => {
    const { track, give, due } = start();
    give(1_000, true);
    expect(due(1_250)).toEqual([1_000]);
    expect(track.hasPicture(1_250)).toBe(false);
    track.shown();
    expect(track.hasPicture(6_250)).toBe(true);
    expect(track.hasPicture(6_251)).toBe(false);
  });

  it('begin anew with another composer, and are kept from it ever longer when one of them ended it', () => {
    const { track, give, due } = start();
    give(1_000, true);
    due(1_250);
    track.shown();
    track.restart(false, 1_300);
    expect(track.hasPicture(1_300)).toBe(false);
    give(1_033);
    give(1_066, true);
    expect(due(1_400)).toEqual([1_066]);
    let nowMs = 2_000;
    for (const bannedMs of [10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 320_000]) {
      track.restart(true, nowMs);
      give(nowMs, true);
      expect(due(nowMs + bannedMs - 1)).toEqual([]);
      nowMs += bannedMs;
      give(nowMs - delayMs, true);
      expect(due(nowMs)).toEqual([nowMs - delayMs]);
    }
  });

  it('that wait are bounded', () => {
    const { give, due } = start();
    for (let at = 0; at < 1_000; at += 1) give(at, at % 100 === 0);
    expect(due(10_000)).toEqual(Array.from({ length: 300 }, (_, at) => 700 + at));
  });

  it('are no longer taken when it is closed', () => {
    const { track, give, due } = start();
    give(1_000, true);
    track.close();
    give(1_033, true);
    expect(due(9_000)).toEqual([]);
  });
});
