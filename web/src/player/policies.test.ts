import { EndWatch } from './EndWatch.ts';
import { EdgeClock } from './EdgeClock.ts';
import { isRetryable, hlsConfig } from './hlsConfig.ts';
import { shouldJumpToLive, shownLatencySec } from './latencyPolicy.ts';
import { LatencyTarget } from './LatencyTarget.ts';
import { LiveFollower } from './LiveFollower.ts';
import { LivePace, paceRate } from './LivePace.ts';
import { planRecovery } from './recovery.ts';
import { emptyEngineState, phaseOf, snapshotOf } from './snapshot.ts';

const liveState = {
  ...emptyEngineState,
  live: true,
  windowStartSec: 0,
  windowEndSec: 100,
  liveSyncSec: 99,
  targetDurationSec: 2,
};

describe('hlsConfig', () => {
  it('leaves the live sync to the playlist, which a low-latency start needs', () => {
    const config = hlsConfig({ lowLatency: true, bandwidthBps: null });
    expect(config.lowLatencyMode).toBe(true);
    expect(config).not.toHaveProperty('liveSyncDuration');
    expect(config).not.toHaveProperty('liveSyncDurationCount');
    expect(config).not.toHaveProperty('liveMaxLatencyDuration');
  });

  it('bounds every buffer', () => {
    const config = hlsConfig({ lowLatency: true, bandwidthBps: null });
    expect([config.backBufferLength, config.maxBufferLength, config.maxMaxBufferLength]).toEqual([
      30, 30, 60,
    ]);
  });

  it('retries what a restarting worker answers, and not what stays wrong', () => {
    expect([undefined, 0, 404, 500, 503].map(isRetryable)).toEqual([true, true, true, true, true]);
    expect([400, 401, 403, 410].map(isRetryable)).toEqual([false, false, false, false]);
  });
});

describe('shouldJumpToLive', () => {
  const late = {
    following: true,
    playing: true,
    distanceSec: 6,
    targetDurationSec: 2,
    sinceJumpMs: Infinity,
    recentJumps: 0,
  };

  it('moves a following viewer who is further behind than playing faster can mend', () => {
    expect(shouldJumpToLive(late)).toBe(true);
    expect(shouldJumpToLive({ ...late, distanceSec: 1.5 })).toBe(false);
  });

  it('leaves alone who paused or went back', () => {
    expect(shouldJumpToLive({ ...late, following: false })).toBe(false);
    expect(shouldJumpToLive({ ...late, playing: false })).toBe(false);
  });

  it('waits longer after each jump', () => {
    expect(shouldJumpToLive({ ...late, sinceJumpMs: 5_000, recentJumps: 0 })).toBe(true);
    expect(shouldJumpToLive({ ...late, sinceJumpMs: 5_000, recentJumps: 1 })).toBe(false);
    expect(shouldJumpToLive({ ...late, sinceJumpMs: 9_000, recentJumps: 1 })).toBe(true);
  });
});

describe('LiveFollower', () => {
  it('stops following when the viewer goes back and follows again at the edge', () => {
    const follower = new LiveFollower();
    follower.positionChosen(liveState, 40);
    expect(follower.following).toBe(false);
    expect(follower.jumpTarget(liveState, 40, true, 1_000)).toBeNull();
    follower.positionChosen(liveState, 98.5);
    expect(follower.following).toBe(true);
  });

  it('keeps following over a short pause only', () => {
    const follower = new LiveFollower();
    follower.resumedAt(liveState, 97);
    expect(follower.following).toBe(true);
    follower.resumedAt(liveState, 90);
    expect(follower.following).toBe(false);
  });

  it('jumps to the live point once, not on each tick', () => {
    const follower = new LiveFollower();
    expect(follower.jumpTarget(liveState, 80, true, 1_000)).toBe(99);
    expect(follower.jumpTarget(liveState, 80, true, 1_250)).toBeNull();
    expect(follower.jumpCount).toBe(1);
  });
});

describe('EdgeClock', () => {
  it('counts from the first move after a stand-still', () => {
    const clock = new EdgeClock();
    const at = [0, 1, 2, 10, 11].map((sec, i) => clock.movingMs([5, 6, 7, 8, 9][i] ?? 0, sec * 1000));
    expect(at).toEqual([0, 1000, 2000, 0, 1000]);
    expect(clock.movingMs(9, 13_500)).toBe(2500 + 1000);
    expect(clock.movingMs(9, 14_500)).toBe(0);
  });
});

describe('EndWatch', () => {
  const playing = {
    live: false,
    known: true,
    positionSec: 50,
    windowEndSec: 60,
    seeking: false,
    ended: false,
    motionlessMs: 0,
    bufferedAheadSec: 5,
  };

  it('sees the end of a recording, also when the browser does not say it', () => {
    const end = new EndWatch();
    end.tick({ ...playing, motionlessMs: 60_000 }, 0);
    expect(end.reached).toBe(false);
    end.tick({ ...playing, positionSec: 59.95, motionlessMs: 700 }, 0);
    expect(end.reached).toBe(true);
    end.tick({ ...playing, positionSec: 59.5, motionlessMs: 700 }, 0);
    expect(end.reached).toBe(false);
    end.tick({ ...playing, positionSec: 59.5, motionlessMs: 3_000 }, 0);
    expect(end.reached).toBe(true);
    end.tick({ ...playing, live: true, positionSec: 59.95, motionlessMs: 9_000 }, 0);
    expect(end.reached).toBe(false);
    end.tick({ ...playing, live: true, ended: true }, 0);
    expect(end.reached).toBe(true);
  });

  it('opens the recording once a live playlist that never ended is played out', () => {
    const end = new EndWatch();
    const live = { ...playing, live: true };
    expect(end.tick({ ...live, bufferedAheadSec: 0 }, 60_000)).toBe(false);
    end.broadcastEnded(60_000);
    expect(end.tick({ ...live, bufferedAheadSec: 0 }, 61_000)).toBe(false);
    expect(end.tick({ ...live, bufferedAheadSec: 3 }, 65_000)).toBe(false);
    expect(end.tick({ ...live, bufferedAheadSec: 0.2 }, 66_000)).toBe(true);
    expect(end.tick({ ...live, bufferedAheadSec: 0.2 }, 66_250)).toBe(false);
    expect(end.tick(playing, 90_000)).toBe(false);
  });
});

describe('LatencyTarget', () => {
  it('grows with stalls up to a target duration, and gives it all back', () => {
    const target = new LatencyTarget();
    target.stalled(0, 2);
    expect(target.extra).toBeCloseTo(0.4);
    for (let i = 0; i < 10; i++) target.stalled(1_000, 2);
    expect(target.extra).toBe(2);
    for (let sec = 2; sec < 200; sec++) target.tick(sec * 1000);
    expect(target.extra).toBe(0);
  });

  it('sinks only after a steady time', () => {
    const target = new LatencyTarget();
    target.stalled(0, 2);
    target.tick(11_000);
    expect(target.extra).toBeCloseTo(0.4);
    target.tick(12_000);
    expect(target.extra).toBeCloseTo(0.2);
  });
});

describe('paceRate', () => {
  const calm = { following: true, latencySec: 1, targetSec: 1, bufferedAheadSec: 0.9 };

  it('leaves the pace alone near the target', () => {
    expect([0.9, 1, 1.1].map((latencySec) => paceRate({ ...calm, latencySec }, 1))).toEqual([1, 1, 1]);
  });

  it('is faster when late, until the target is reached', () => {
    expect(paceRate({ ...calm, latencySec: 2 }, 1)).toBe(1.1);
    expect(paceRate({ ...calm, latencySec: 1.3 }, 1)).toBe(1.05);
    expect(paceRate({ ...calm, latencySec: 1.1 }, 1.05)).toBe(1.05);
    expect(paceRate({ ...calm, latencySec: 1.02 }, 1.05)).toBe(1);
  });

  it('is not faster without media to play', () => {
    expect(paceRate({ ...calm, latencySec: 3, bufferedAheadSec: 0.2 }, 1)).toBe(1);
  });

  it('is slower when too near to the edge', () => {
    expect(paceRate({ ...calm, latencySec: 0.6, bufferedAheadSec: 0.5 }, 1)).toBe(0.95);
    expect(paceRate({ ...calm, latencySec: 0.5, bufferedAheadSec: 0.2 }, 1)).toBe(0.9);
  });

  it('is normal for who does not follow, and without a live edge', () => {
    expect(paceRate({ ...calm, following: false, latencySec: 9 }, 1.1)).toBe(1);
    expect(paceRate({ ...calm, latencySec: null }, 1.1)).toBe(1);
  });
});

describe('LivePace', () => {
  const empty = { following: true, latencySec: 1, targetSec: 1, bufferedAheadSec: 0.1 };

  it('holds after a stall until a buffer has formed', () => {
    const pace = new LivePace();
    expect(pace.rate(empty, 60_000, 1, 0)).not.toBe(0);
    pace.stalled(0);
    expect(pace.rate(empty, 60_000, 1, 500)).toBe(0);
    expect(pace.rate({ ...empty, bufferedAheadSec: 0.8 }, 60_000, 0, 1_000)).toBe(1);
    expect(pace.holding).toBe(false);
  });

  it('waits through an interruption, however long, but not for ever once media arrives', () => {
    const pace = new LivePace();
    pace.stalled(0);
    expect(pace.rate(empty, 0, 0, 120_000)).toBe(0);
    expect(pace.rate(empty, 2_000, 0, 122_000)).toBe(0);
    expect(pace.rate(empty, 3_000, 0, 123_000)).not.toBe(0);
  });

  it('lets go when the viewer no longer follows', () => {
    const pace = new LivePace();
    pace.stalled(0);
    expect(pace.rate({ ...empty, following: false }, 60_000, 0, 100)).toBe(1);
  });
});

describe('shownLatencySec', () => {
  it('uses the wall clock when it agrees with the distance from the edge', () => {
    expect(shownLatencySec(1, 10_000, 11_800)).toBeCloseTo(1.8);
  });

  it('does not believe a clock that is wrong', () => {
    expect(shownLatencySec(1, 10_000, 70_000)).toBe(1);
    expect(shownLatencySec(3, 10_000, 10_500)).toBe(3);
    expect(shownLatencySec(1, null, 10_500)).toBe(1);
    expect(shownLatencySec(null, 10_000, 10_500)).toBeNull();
  });
});

describe('planRecovery', () => {
  it('resumes first, then reopens, ever more slowly and without end', () => {
    const plans = [0, 1, 2, 3, 4, 5, 50].map((attempt) => planRecovery('network', attempt, 0.5));
    expect(plans.map((plan) => plan?.action)).toEqual(['resume', 'resume', ...Array(5).fill('reopen')]);
    expect(plans.map((plan) => plan?.delayMs)).toEqual([500, 1000, 2000, 3000, 5000, 8000, 8000]);
  });

  it('resets the decoder at once for a media fault, and reopens when that did not help', () => {
    expect(planRecovery('media', 0, 0.5)).toEqual({ action: 'recoverMedia', delayMs: 0 });
    expect(planRecovery('media', 1, 0.5)?.action).toBe('reopen');
  });

  it('gives up only what this browser cannot play', () => {
    expect(planRecovery('unsupported', 0, 0.5)).toBeNull();
  });

  it('spreads viewers over time', () => {
    expect(planRecovery('network', 3, 0)?.delayMs).toBe(2400);
    expect(planRecovery('network', 3, 1)?.delayMs).toBe(3600);
  });
});

describe('phaseOf', () => {
  const calm = {
    unsupported: false,
    recovering: false,
    blocked: false,
    ended: false,
    shown: true,
    paused: false,
    waiting: false,
  };

  it('names the strongest fact', () => {
    expect(phaseOf(calm)).toBe('playing');
    expect(phaseOf({ ...calm, shown: false, paused: true })).toBe('opening');
    expect(phaseOf({ ...calm, paused: true, waiting: true })).toBe('paused');
    expect(phaseOf({ ...calm, recovering: true, waiting: true })).toBe('recovering');
    expect(phaseOf({ ...calm, ended: true, paused: true })).toBe('ended');
    expect(phaseOf({ ...calm, unsupported: true, recovering: true })).toBe('unsupported');
  });
});

describe('snapshotOf', () => {
  const video = { positionSec: 40, buffered: [{ startSec: 30, endSec: 50 }], volume: 1, muted: false };
  const player = {
    phase: 'playing' as const,
    openedLive: true,
    following: false,
    quality: 'auto',
    qualities: [],
    mutedByPolicy: true,
    attempts: 0,
  };

  it('says how far behind live a viewer is who does not follow', () => {
    expect(snapshotOf(liveState, video, player, 0)).toMatchObject({
      kind: 'live',
      behindSec: 59,
      mutedByPolicy: false,
    });
    expect(snapshotOf(liveState, video, { ...player, following: true }, 0).behindSec).toBe(0);
  });

  it('becomes a recording when the playlist has ended', () => {
    const ended = { ...liveState, live: false, liveSyncSec: null };
    expect(snapshotOf(ended, video, { ...player, following: true }, 0)).toMatchObject({
      kind: 'recording',
      following: false,
      behindSec: 0,
    });
  });
});
