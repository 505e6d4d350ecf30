import fc from 'fast-check';
import { TimestampRebaser, type Track } from './TimestampRebaser.ts';

interface Sent {
  readonly track: Track;
  /** When it was captured, true time in ms. */
  readonly trueMs: number;
  readonly timestampMs: number;
  readonly arrivalMs: number;
}

/** Tags of both tracks in the order of capture, stamped by a clock that may be wrong. */
function send(
  seconds: number,
  clock: (trueMs: number, track: Track) => number,
  options: {
    delayMs?: (trueMs: number) => number;
    audio?: boolean;
    skip?: (trueMs: number, track: Track) => boolean;
    /** Sound is sent behind the first picture that isn't earlier, as who composes a stage does. */
    soundWaits?: boolean;
  } = {},
): Sent[] {
  const video = Array.from({ length: seconds * 30 }, (_, index) => ({
    track: 'video' as const,
    trueMs: index * (1000 / 30),
  }));
  const audio = Array.from({ length: seconds * 43 }, (_, index) => ({
    track: 'audio' as const,
    trueMs: 7 + index * 23.22,
  }));
  const isSent = (tag: { trueMs: number; track: Track }): boolean =>
    options.skip?.(tag.trueMs, tag.track) !== true;
  const pictures = video.filter(isSent);
  const turnOf = (tag: { trueMs: number; track: Track }): number =>
    options.soundWaits === true && tag.track === 'audio'
      ? (pictures.find(({ trueMs }) => trueMs >= tag.trueMs)?.trueMs ?? tag.trueMs)
      : tag.trueMs;
  return [...pictures, ...(options.audio === false ? [] : audio).filter(isSent)]
    .map((tag) => ({ tag, turn: turnOf(tag) }))
    .sort((a, b) => a.turn - b.turn)
    .map(({ tag }) => tag)
    .map((tag) => ({
      ...tag,
      timestampMs: Math.round(tag.trueMs + clock(tag.trueMs, tag.track)) >>> 0,
      arrivalMs: 1e12 + tag.trueMs + (options.delayMs?.(tag.trueMs) ?? 0),
    }));
}

/** Worst distance between sound and picture (where `settled`), and whether each track's times rose. */
function judge(
  sent: readonly Sent[],
  settled: (trueMs: number) => boolean = () => true,
): {
  worstSyncMs: number;
  rising: boolean;
  spanMs: number;
  jumps: number;
} {
  const rebaser = new TimestampRebaser();
  const last: Record<Track, { error: number; time: number } | null> = { audio: null, video: null };
  const result = { worstSyncMs: 0, rising: true, spanMs: 0, jumps: 0 };
  for (const tag of sent) {
    const { timeMs, jumped } = rebaser.rebase(tag.track, tag.timestampMs, tag.arrivalMs);
    if (jumped) result.jumps += 1;
    if (timeMs <= (last[tag.track]?.time ?? -Infinity)) result.rising = false;
    last[tag.track] = { error: timeMs - tag.trueMs, time: timeMs };
    if (last.audio !== null && last.video !== null && settled(tag.trueMs)) {
      result.worstSyncMs = Math.max(result.worstSyncMs, Math.abs(last.audio.error - last.video.error));
    }
    result.spanMs = Math.max(result.spanMs, timeMs);
  }
  return result;
}

describe('TimestampRebaser', () => {
  it('leaves a good clock alone, whatever it begins with', () => {
    for (const start of [0, 5_000_000, 2 ** 32 - 2000, 2 ** 31 - 500]) {
      const result = judge(send(6, () => start));
      expect(result).toMatchObject({ rising: true, jumps: 0 });
      expect(result.worstSyncMs).toBeLessThan(2);
      expect(result.spanMs).toBeGreaterThan(5900);
    }
  });

  it('takes out a jump of both tracks and keeps them together', () => {
    for (const jump of [3_600_000, -3_600_000, 700, -700, 2 ** 31 + 5]) {
      const result = judge(send(6, (at) => 1e7 + (at > 3000 ? jump : 0)));
      expect(result.rising).toBe(true);
      expect(result.jumps).toBe(2);
      expect(result.worstSyncMs).toBeLessThan(100);
      expect(Math.abs(result.spanMs - 6000)).toBeLessThan(120);
    }
  });

  it('takes out a jump of one track', () => {
    for (const jumping of ['audio', 'video'] as const) {
      for (const jump of [5000, -5000, 600, -600, 1e8]) {
        const result = judge(send(6, (at, track) => 1e7 + (at > 3000 && track === jumping ? jump : 0)));
        expect(result).toMatchObject({ rising: true, jumps: 1 });
        expect(result.worstSyncMs).toBeLessThan(100);
      }
    }
  });

  it('brings tracks with different clocks together from the start', () => {
    expect(judge(send(4, (_, track) => (track === 'audio' ? 9e6 : 0))).worstSyncMs).toBeLessThan(100);
  });

  it('survives a clock that runs backwards', () => {
    const result = judge(send(4, (at) => 1e7 - 2 * at));
    expect(result.rising).toBe(true);
    expect(result.worstSyncMs).toBeLessThan(100);
    expect(Math.abs(result.spanMs - 4000)).toBeLessThan(150);
  });

  it('keeps a true gap: frames lost on the way, alone or with the sound, also when the rest comes in one burst', () => {
    const lost = (at: number): boolean => at > 2000 && at < 2900;
    const burst = (at: number): number => (at < 4000 ? 4000 - at : 0);
    for (const skip of [
      (at: number, track: Track) => track === 'video' && lost(at),
      (at: number) => lost(at),
    ]) {
      const result = judge(send(6, () => 0, { skip }));
      expect(result).toMatchObject({ rising: true, jumps: 0 });
      expect(result.worstSyncMs).toBeLessThan(2);
    }
    const videoOnly = (at: number, track: Track): boolean => track === 'video' && lost(at);
    expect(judge(send(6, () => 0, { skip: videoOnly, delayMs: burst })).worstSyncMs).toBeLessThan(2);
  });

  it('believes what comes late and all at once, with pictures left out, from a machine that is too busy', () => {
    const stalls = [
      { from: 2000, to: 3500 },
      { from: 4200, to: 5400 },
    ];
    const leftOut = (at: number): boolean => (at > 2400 && at < 3000) || (at > 4500 && at < 5100);
    const delayMs = (at: number): number => {
      const stall = stalls.find(({ from, to }) => at > from && at < to);
      return stall === undefined ? 0 : stall.to - at;
    };
    for (const soundWaits of [false, true]) {
      const skip = (at: number, track: Track): boolean => track === 'video' && leftOut(at);
      const result = judge(send(8, () => 1e6, { delayMs, skip, soundWaits }));
      expect(result).toMatchObject({ rising: true, jumps: 0 });
      expect(result.worstSyncMs).toBeLessThan(2);
    }
  });

  it('takes out a jump of one who was late before', () => {
    const delayMs = (at: number): number => (at > 1000 && at < 3000 ? 3000 - at : 0);
    for (const jump of [3_600_000, -3_600_000, 700]) {
      const result = judge(send(8, (at) => 1e7 + (at > 5000 ? jump : 0), { delayMs }));
      expect(result).toMatchObject({ rising: true, jumps: 2 });
      expect(result.worstSyncMs).toBeLessThan(100);
    }
  });

  it('rises and stays in sync over any row of jumps', () => {
    const byMs = fc.oneof(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: -1500, max: 1500 }));
    const jump = fc.record({ atMs: fc.integer({ min: 300, max: 7000 }), byMs });
    const property = fc.property(
      fc.array(jump, { maxLength: 4 }),
      fc.nat(2 ** 32 - 1),
      fc.nat(60),
      (jumps, start, delay) => {
        const clock = (at: number): number =>
          start + jumps.filter((each) => at >= each.atMs).reduce((sum, each) => sum + each.byMs, 0);
        // Between the first tag after a jump and the other track's first one nothing can be known.
        const settled = (at: number): boolean => jumps.every((each) => at < each.atMs || at > each.atMs + 70);
        const result = judge(send(8, clock, { delayMs: (at) => (Math.sin(at) + 1) * delay }), settled);
        expect(result.rising).toBe(true);
        expect(result.worstSyncMs).toBeLessThan(100);
      },
    );
    fc.assert(property, { numRuns: 60 });
  });

  it('rises for any timestamps at all', () => {
    const tag = fc.tuple(fc.constantFrom<Track>('audio', 'video'), fc.nat(2 ** 32 - 1), fc.nat(2000));
    const property = fc.property(fc.array(tag, { maxLength: 100 }), (tags) => {
      let at = 0;
      const sent = tags.map(([track, timestampMs, waited]) => {
        at += waited;
        return { track, timestampMs, trueMs: at, arrivalMs: at };
      });
      expect(judge(sent).rising).toBe(true);
    });
    fc.assert(property, { numRuns: 100 });
  });
});
