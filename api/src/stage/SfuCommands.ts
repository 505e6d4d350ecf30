import type { Logger, Redis } from '@maydan/common';
import { sfuCommandChannel, type LeaveReason, type MediaSource, type SfuCommand } from '@maydan/contracts';

/** What the api tells all sfu nodes about a room. Each may be repeated without harm. */
export class SfuCommands {
  readonly #redis: Redis;
  readonly #logger: Logger;

  constructor(redis: Redis, logger: Logger) {
    this.#redis = redis;
    this.#logger = logger;
  }

  /** Puts a device, all devices of a user, or all who only watch out of the room at once. */
  removePeer(
    sessionId: string,
    whom: { peerId: string } | { userId: string } | { role: 'viewer' },
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
    await this.#redis.publish(sfuCommandChannel, JSON.stringify(command));
  }
}
