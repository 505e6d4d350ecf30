import { countsOf, framesOf, producerHealth } from './producerHealth.ts';

const stream = { bitrate: 600_000, packetCount: 1_000, packetsLost: 10, jitter: 900, roundTripTime: 30 };

describe('the health of a producer', () => {
  it('adds the layers of simulcast up and tells the worst delay', () => {
    const health = producerHealth('video', [stream, { ...stream, bitrate: 150_000, jitter: 450 }], undefined);
    expect(health).toEqual({ bitrateBps: 750_000, packetLoss: null, roundTripTimeMs: 30, jitterMs: 10 });
    expect(producerHealth('audio', [{ ...stream, jitter: 480 }], undefined).jitterMs).toBe(10);
  });

  it('counts the loss since the last time', () => {
    const before = countsOf([stream]);
    const now = { ...stream, packetCount: 1_090, packetsLost: 20 };
    expect(producerHealth('video', [now], before).packetLoss).toBeCloseTo(0.1);
    expect(producerHealth('video', [stream], before).packetLoss).toBeNull();
    const repaired = { ...stream, packetCount: 1_100, packetsLost: 4 };
    expect(producerHealth('video', [repaired], before).packetLoss).toBe(0);
  });

  it('takes a picture for torn only when packets of its producer got lost', () => {
    const frames = { received: 90, lost: 3, late: 1 };
    const counts = (lost: number) => ({ received: 1_000, lost });
    expect(framesOf(frames, counts(10), counts(10))).toEqual({ ...frames, lost: 0 });
    expect(framesOf(frames, counts(10), counts(12))).toEqual({ ...frames, lost: 2 });
    expect(framesOf(frames, counts(10), counts(40))).toEqual(frames);
    expect(framesOf(frames, undefined, counts(40))).toBeNull();
  });

  it('knows nothing of a producer that sends nothing', () => {
    const nothing = { bitrateBps: 0, packetLoss: null, roundTripTimeMs: null, jitterMs: null };
    expect(producerHealth('video', [], countsOf([]))).toEqual(nothing);
  });
});
