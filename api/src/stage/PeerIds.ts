import { randomUUID } from 'node:crypto';
import type { Redis } from '@maydan/common';
import type { StageRole } from '@maydan/contracts';

/** Longer than anybody stays away and expects to be the same device. */
const ttlSec = 12 * 3_600;
const key = (peerId: string): string => `maydan:stage:peer:${peerId}`;

export interface PeerOwner {
  readonly sessionId: string;
  readonly userId: string | null;
  readonly role: StageRole;
}

/**
 * Gives out peer ids. Whoever connects with one takes over what its holder has in the room, and those on stage are known
 * to all; so one is given again only to the person it was given to, for the same session and role.
 */
export class PeerIds {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** `wanted` if it is the owner's, else a new one. */
  async give(owner: PeerOwner, wanted: string | undefined): Promise<string> {
    const { sessionId, userId, role } = owner;
    const text = JSON.stringify([sessionId, userId, role]);
    const isOwn = wanted !== undefined && (await this.#redis.get(key(wanted))) === text;
    const peerId = isOwn ? wanted : randomUUID();
    await this.#redis.set(key(peerId), text, 'EX', ttlSec);
    return peerId;
  }
}
