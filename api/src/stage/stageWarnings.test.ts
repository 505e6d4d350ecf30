import type { StagePeerHealth } from '@maydan/contracts';
import { stageWarnings } from './stageWarnings.ts';

const good: StagePeerHealth = {
  peerId: '0192f0c1-0000-7000-8000-000000000001',
  userId: null,
  source: 'camera',
  bitrateBps: 1_200_000,
  frameRate: 30,
  width: 1280,
  height: 720,
  keyFrameIntervalMs: 4_000,
  packetLoss: 0.01,
  roundTripTimeMs: 40,
  jitterMs: 3,
  frames: { received: 90, lost: 1, late: 2 },
};
const codes = (...changes: Partial<StagePeerHealth>[]) =>
  stageWarnings(changes.map((change) => ({ ...good, ...change }))).map(({ code }) => code);

describe('warnings about the stage', () => {
  it('are none while all is well, or nothing can be told', () => {
    expect(
      codes({}, { packetLoss: null, roundTripTimeMs: null, frameRate: null, jitterMs: null, frames: null }),
    ).toEqual([]);
  });

  it('name loss, distance, frame rate and bitrate', () => {
    expect(codes({ packetLoss: 0.2, roundTripTimeMs: 500 })).toEqual(['packetLoss', 'longRoundTrip']);
    expect(codes({ frameRate: 5 }, { bitrateBps: 40_000 })).toEqual(['lowFrameRate', 'lowBitrate']);
    expect(stageWarnings([{ ...good, packetLoss: 0.2 }])[0]?.message).toContain('20 %');
  });

  it('name jitter, and frames that are lost or late', () => {
    expect(codes({ jitterMs: 80 })).toEqual(['jitter']);
    expect(codes({ frames: { received: 90, lost: 5, late: 10 } })).toEqual(['lostFrames', 'lateFrames']);
    // Too few to say anything.
    expect(codes({ frames: { received: 5, lost: 5, late: 5 } })).toEqual([]);
  });

  it('name whose picture stutters in the broadcast', () => {
    const { peerId, source } = good;
    const people = [{ peerId, source, received: 100, late: 4, dropped: 3 }];
    const composition = { windowSec: 4, made: 120, skipped: 0, people };
    expect(stageWarnings([good], composition).map(({ code }) => code)).toEqual(['broadcastStutters']);
    const fine = [{ peerId, source, received: 100, late: 1, dropped: 3 }];
    expect(stageWarnings([good], { ...composition, people: fine })).toEqual([]);
  });

  it('leave screens, microphones and paused cameras alone', () => {
    expect(codes({ source: 'screen', frameRate: 1, bitrateBps: 1_000 })).toEqual([]);
    expect(codes({ source: 'microphone', frameRate: null, bitrateBps: 30_000 })).toEqual([]);
    expect(codes({ bitrateBps: 0, frameRate: 0 })).toEqual([]);
  });
});
