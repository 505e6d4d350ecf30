import { playbackKeys } from '@maydan/contracts';
import type { Redis } from '@maydan/common';
import { z } from 'zod';

/**
 * `KEYS[1]` is the fence, `ARGV[1]` ours. A higher number means that another run has taken the playback over. A lower
 * one means that Redis lost its newest writes in a crash: then ours is written again. With a second key, the command
 * in `ARGV[2…]` is applied to it in the same step, so that nothing can come between check and write.
 */
const guardedScript = `
local current = tonumber(redis.call('GET', KEYS[1]) or '0')
local own = tonumber(ARGV[1])
if current > own then return {0} end
if current < own then redis.call('SET', KEYS[1], own) end
if KEYS[2] then return {1, redis.call(ARGV[2], KEYS[2], unpack(ARGV, 3))} end
return {1}
`;

/** Thrown by a write of a run whose playback was taken over by a newer run. */
export class FenceLostError extends Error {
  constructor(playbackId: string, value: number) {
    super(`run ${value} of playback ${playbackId} was superseded`);
    this.name = 'FenceLostError';
  }
}

/**
 * The number of a worker's run on a playback. Each run gets a higher one. It is part of every media file's name, so a
 * stale run can't overwrite a newer one's files, and it is checked with each write to what the runs share.
 */
export class Fence {
  readonly value: number;
  readonly playbackId: string;
  readonly #redis: Redis;

  /** Supersedes every earlier run. */
  static async take(redis: Redis, playbackId: string): Promise<Fence> {
    return new Fence(redis, playbackId, await redis.incr(playbackKeys.fence(playbackId)));
  }

  constructor(redis: Redis, playbackId: string, value: number) {
    this.#redis = redis;
    this.playbackId = playbackId;
    this.value = value;
  }

  /** False once a newer run exists. Rejects while Redis is away: then nobody knows. */
  async holds(): Promise<boolean> {
    const [held] = await this.#guarded(1, this.value);
    return held === 1;
  }

  /** Throws FenceLostError once a newer run exists. */
  async check(): Promise<void> {
    if (!(await this.holds())) throw new FenceLostError(this.playbackId, this.value);
  }

  /** Applies one Redis command to a key and returns its reply, unless a newer run exists (then FenceLostError). */
  async write(command: string, key: string, ...args: (string | number)[]): Promise<unknown> {
    const [held, reply] = await this.#guarded(2, key, this.value, command, ...args);
    if (held !== 1) throw new FenceLostError(this.playbackId, this.value);
    return reply;
  }

  async #guarded(keys: number, ...rest: (string | number)[]): Promise<readonly unknown[]> {
    const fenceKey = playbackKeys.fence(this.playbackId);
    const answer: unknown = await this.#redis.eval(guardedScript, keys, fenceKey, ...rest);
    return z.array(z.unknown()).parse(answer);
  }
}
