import type { Logger, Redis } from '@maydan/common';
import { meshChannel, meshRoomState, meshStateKey, sfuNodeTtlMs } from '@maydan/contracts';
import type { MeshRoomState } from '@maydan/contracts';

export interface MeshStoreOptions {
  readonly redis: Redis;
  /** A connection of its own: one that subscribes can't do anything else. */
  readonly subscriber: Redis;
  readonly nodeId: string;
  readonly logger: Logger;
  readonly onState: (state: MeshRoomState) => void;
}

/** A state that was looked for, and how long it will be kept unless it is renewed; null when it isn't there. */
export interface Read {
  readonly state: MeshRoomState;
  readonly expiresInMs: number;
}
export interface Place {
  readonly sessionId: string;
  readonly nodeId: string;
}

/** The states of rooms in Redis: told on a channel, and kept for those who come later. */
export class MeshStore {
  readonly #options: MeshStoreOptions;

  constructor(options: MeshStoreOptions) {
    this.#options = options;
    options.subscriber.on('message', (_channel, text) => {
      const state = this.#parse(text);
      if (state !== null) options.onState(state);
    });
  }

  /** Hears what is told of a room from now on. */
  async subscribe(sessionId: string): Promise<void> {
    await this.#options.subscriber.subscribe(meshChannel(sessionId));
  }

  async unsubscribe(sessionId: string): Promise<void> {
    await this.#options.subscriber.unsubscribe(meshChannel(sessionId));
  }

  /** Kept first, then told: whoever subscribes and reads then misses nothing. */
  async announce(state: MeshRoomState): Promise<void> {
    const text = JSON.stringify(meshRoomState.parse(state));
    await this.#options.redis
      .multi()
      .set(this.#key(state.sessionId), text, 'PX', sfuNodeTtlMs)
      .publish(meshChannel(state.sessionId), text)
      .exec();
  }

  async withdraw(state: MeshRoomState): Promise<void> {
    const text = JSON.stringify(meshRoomState.parse(state));
    await this.#options.redis
      .multi()
      .del(this.#key(state.sessionId))
      .publish(meshChannel(state.sessionId), text)
      .exec();
  }

  /** Keeps this node's states for another while; resolves to the rooms whose state isn't there any more. */
  async renew(sessionIds: readonly string[]): Promise<string[]> {
    if (sessionIds.length === 0) return [];
    const pipeline = this.#options.redis.pipeline();
    for (const sessionId of sessionIds) pipeline.pexpire(this.#key(sessionId), sfuNodeTtlMs);
    const answers = (await pipeline.exec()) ?? [];
    return sessionIds.filter((_, index) => answers[index]?.[1] === 0);
  }

  /** Reads states of other nodes, in the order of `places`. Rejects when Redis is away. */
  async read(places: readonly Place[]): Promise<(Read | null)[]> {
    if (places.length === 0) return [];
    const pipeline = this.#options.redis.pipeline();
    for (const { sessionId, nodeId } of places) {
      const key = meshStateKey(sessionId, nodeId);
      pipeline.get(key).pttl(key);
    }
    const answers = (await pipeline.exec()) ?? [];
    return places.map((_, index) => {
      const [textError, text] = answers[2 * index] ?? [];
      const [ttlError, ttlMs] = answers[2 * index + 1] ?? [];
      const failure = textError ?? ttlError;
      if (failure) throw failure;
      const state = typeof text === 'string' ? this.#parse(text) : null;
      return state === null ? null : { state, expiresInMs: Number(ttlMs) };
    });
  }

  #key(sessionId: string): string {
    return meshStateKey(sessionId, this.#options.nodeId);
  }

  /** What a node of another version says is passed over. */
  #parse(text: string): MeshRoomState | null {
    try {
      return meshRoomState.parse(JSON.parse(text));
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'a node tells of a room what is not understood');
      return null;
    }
  }
}
