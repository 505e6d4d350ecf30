import { isRetryable, hlsConfig } from './hlsConfig.ts';
import { relaxedTarget, shouldJumpToLive, shownLatencySec } from './latencyPolicy.ts';
import { LiveFollower } from './LiveFollower.ts';
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

describe('relaxedTarget', () => {
  it('sinks in steps to the hold back after a steady time', () => {
    expect(relaxedTarget(1.5, 0.75, 5)).toBe(1.5);
    expect(relaxedTarget(1.5, 0.75, 20)).toBeCloseTo(1.3);
    expect(relaxedTarget(0.8, 0.75, 20)).toBe(0.75);
    expect(relaxedTarget(0.75, 0.75, 20)).toBe(0.75);
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
