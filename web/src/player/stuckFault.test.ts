import { LiveController } from './LiveController.ts';
import { RecoveryLoop } from './RecoveryLoop.ts';
import { emptyEngineState } from './snapshot.ts';
import { stuckFault } from './stuckFault.ts';

const still = { awaited: true, arrivingMs: 0, motionlessMs: 60_000, silentMs: 500, attempts: 0 };

describe('stuckFault', () => {
  it('sees media that arrives and isn’t shown, and an engine that no longer asks for any', () => {
    expect(stuckFault({ ...still, arrivingMs: 9_000 })).toMatchObject({ kind: 'media', detail: 'stuck' });
    expect(stuckFault({ ...still, silentMs: 21_000 })).toMatchObject({ kind: 'network', detail: 'silent' });
  });

  it('leaves alone what plays, what nobody waits for, and a broadcaster who is away', () => {
    expect(stuckFault({ ...still, arrivingMs: 9_000, motionlessMs: 500 })).toBeNull();
    expect(stuckFault({ ...still, silentMs: 21_000, motionlessMs: 500 })).toBeNull();
    expect(stuckFault({ ...still, arrivingMs: 9_000, awaited: false })).toBeNull();
    expect(stuckFault(still)).toBeNull();
    expect(stuckFault({ ...still, silentMs: null })).toBeNull();
  });

  it('waits longer after each attempt, up to half a minute', () => {
    const after = (attempts: number): number => {
      const isStuck = (sec: number) => stuckFault({ ...still, arrivingMs: sec * 1_000, attempts }) !== null;
      return Array.from({ length: 60 }, (_, sec) => sec).findIndex(isStuck);
    };
    expect([0, 1, 2, 3, 50].map(after)).toEqual([9, 17, 33, 33, 33]);
  });
});

describe('LiveController', () => {
  it('sees an engine that stands still after it was told to resume', () => {
    const live = new LiveController();
    const seen = Array.from({ length: 60 }, (_, sec) => {
      const state = {
        ...emptyEngineState,
        live: true,
        windowEndSec: 100 + sec,
        targetDurationSec: 2,
        silentMs: 0,
      };
      // Recovering: not playing.
      const facts = {
        state,
        positionSec: 90,
        playing: false,
        bufferedAheadSec: 5,
        playbackRate: 1,
        attempts: 1,
      };
      return live.tick({ ...facts, awaited: true, motionlessMs: 5_000 + sec * 1_000 }, sec * 1_000).stuck;
    });
    expect(seen.findIndex((fault) => fault !== null)).toBe(17);
    expect(seen[17]).toMatchObject({ kind: 'media' });
  });
});

describe('RecoveryLoop', () => {
  it('is idle again once an attempt was made, whatever that brought; after what no browser can play never', async () => {
    const made = Promise.withResolvers<string>();
    const loop = new RecoveryLoop((action) => made.resolve(action));
    expect(loop.idle).toBe(true);
    loop.failed({ kind: 'media', detail: 'test', httpStatus: null });
    expect([loop.idle, loop.recovering]).toEqual([false, true]);
    expect(await made.promise).toBe('recoverMedia');
    expect([loop.idle, loop.recovering, loop.attempts]).toEqual([true, true, 1]);
    loop.failed({ kind: 'unsupported', detail: 'test', httpStatus: null });
    expect(loop.idle).toBe(false);
    loop.reset();
    expect(loop.idle).toBe(true);
  });
});
