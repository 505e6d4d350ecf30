import { parseJson, type Redis } from '@maydan/common';
import { z } from 'zod';

/** How long a client that is gone may come back and get what it missed. */
export const recoveryMs = 120_000;
/** How often living connections are written down anew. */
export const rememberEveryMs = 30_000;
/** A process may be killed just before it would have written again. */
const keptMs = recoveryMs + 2 * rememberEveryMs;

const remembered = z.object({
  /** Null for a guest. */
  userId: z.string().nullable(),
  /** What it followed by its own wish: room → the position at which it joined. */
  followed: z.record(z.string(), z.string()),
});
export type Remembered = z.infer<typeof remembered>;

const keyOf = (secret: string): string => `maydan:api:connection:${secret}`;

/**
 * What a connection was, in Redis while it lives and two minutes longer, so that any api process can go on with it, also
 * when the process it was connected to was killed. The key is Socket.IO's private id, which the client alone knows.
 */
export class RememberedConnections {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async write(secret: string, connection: Remembered): Promise<void> {
    await this.#redis.set(keyOf(secret), JSON.stringify(connection), 'PX', keptMs);
  }

  /** Null when it is not known or was gone for too long. */
  async find(secret: string): Promise<Remembered | null> {
    const text = await this.#redis.get(keyOf(secret));
    return text === null ? null : (remembered.safeParse(parseJson(text)).data ?? null);
  }

  async forget(secret: string): Promise<void> {
    await this.#redis.del(keyOf(secret));
  }

  /** They are still there. */
  async keep(secrets: readonly string[]): Promise<void> {
    await this.#expireIn(secrets, keptMs);
  }

  /** It has gone, and may come back. */
  async gone(secret: string): Promise<void> {
    await this.#expireIn([secret], recoveryMs);
  }

  async #expireIn(secrets: readonly string[], ms: number): Promise<void> {
    if (secrets.length === 0) return;
    const pipeline = this.#redis.pipeline();
    for (const secret of secrets) pipeline.pexpire(keyOf(secret), ms);
    await pipeline.exec();
  }
}
