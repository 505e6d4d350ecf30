import type { Logger, Redis } from '@maydan/common';
import {
  joinTokenLifetimeSec,
  sfuCommandChannel,
  sfuRemovalsKey,
  type LeaveReason,
  type MediaSource,
  type SfuCommand,
} from '@maydan/contracts';

/** Kept for nodes that don't listen now, and told to those that do. KEYS: removals. ARGV: command, how long (ms), channel. */
const removeScript = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
  redis.call('ZADD', KEYS[1], now, ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  redis.call('PUBLISH', ARGV[3], ARGV[1])`;

/** What the api tells all sfu nodes about a room. Each may be repeated without harm. */
export class SfuCommands {
  readonly #redis: Redis;
  readonly #logger: Logger;

  constructor(redis: Redis, logger: Logger) {
    this.#redis = redis;
    this.#logger = logger;
  }

  /** Puts a device, all devices of a user (or those on stage), or all who only watch out of the room at once. */
  removePeer(
    sessionId: string,
    whom: { peerId: string } | { userId: string; role?: 'cohost' } | { role: 'viewer' },
    reason: LeaveReason,
  ): Promise<void> {
    return this.#send({ type: 'removePeer', sessionId, whom, reason });
  }

  /** Puts all devices of a user out of all rooms at once. */
  removeUser(userId: string, reason: LeaveReason): Promise<void> {
    return this.#send({ type: 'removeUser', userId, reason });
  }

  /** `source` null: all that the peer sends. */
  mutePeer(sessionId: string, peerId: string, source: MediaSource | null, muted: boolean): Promise<void> {
    return this.#send({ type: 'mutePeer', sessionId, whom: { peerId }, source, muted });
  }

  closeRoom(sessionId: string, reason: LeaveReason): Promise<void> {
    return this.#send({ type: 'closeRoom', sessionId, reason });
  }

  async #send(command: SfuCommand): Promise<void> {
    this.#logger.info(command, 'the sfu is told');
    const text = JSON.stringify(command);
    if (command.type === 'mutePeer') return void (await this.#redis.publish(sfuCommandChannel, text));
    const keptMs = joinTokenLifetimeSec * 1_000;
    await this.#redis.eval(removeScript, 1, sfuRemovalsKey, text, keptMs, sfuCommandChannel);
  }
}
