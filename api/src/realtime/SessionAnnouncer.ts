import type { Logger, Redis } from '@maydan/common';
import { z } from 'zod';
import { parseJson } from './parseJson.ts';

const channel = 'maydan:api:sessions';

/** What changed; each process looks up what its own sockets are to be told of it. */
export const announcement = z.discriminatedUnion('type', [
  z.object({ type: z.literal('session'), sessionId: z.uuid() }),
  /** Who is on stage or has a seat. */
  z.object({ type: z.literal('stage'), sessionId: z.uuid() }),
  /** Somebody's seat, for the person and for the host. */
  z.object({ type: z.literal('seat'), sessionId: z.uuid(), userId: z.uuid(), isInvitation: z.boolean() }),
  /** Somebody hears no more of these sessions. */
  z.object({ type: z.literal('parted'), userId: z.uuid(), sessionIds: z.array(z.uuid()) }),
]);
export type Announcement = z.infer<typeof announcement>;

/** Tells all api processes that something about a session changed, so that each tells its own sockets. */
export class SessionAnnouncer {
  readonly #redis: Redis;
  readonly #subscriber: Redis;
  readonly #logger: Logger;

  /** `subscriber` is a connection of its own: a subscribed one takes no other commands. */
  constructor(redis: Redis, subscriber: Redis, logger: Logger) {
    this.#redis = redis;
    this.#subscriber = subscriber;
    this.#logger = logger;
  }

  announce(sessionId: string): Promise<void> {
    return this.#tell({ type: 'session', sessionId });
  }

  stageChanged(sessionId: string): Promise<void> {
    return this.#tell({ type: 'stage', sessionId });
  }

  seatChanged(sessionId: string, userId: string, isInvitation: boolean): Promise<void> {
    return this.#tell({ type: 'seat', sessionId, userId, isInvitation });
  }

  async parted(userId: string, sessionIds: string[]): Promise<void> {
    if (sessionIds.length > 0) await this.#tell({ type: 'parted', userId, sessionIds });
  }

  /** Calls `listener` for each change. */
  async listen(listener: (change: Announcement) => void): Promise<void> {
    this.#subscriber.on('message', (from: string, text: string) => {
      if (from !== channel) return;
      const parsed = announcement.safeParse(parseJson(text));
      if (parsed.success) listener(parsed.data);
    });
    await this.#subscriber.subscribe(channel);
  }

  /** Only a hint to sockets: when it fails, the change itself still stands. */
  async #tell(change: Announcement): Promise<void> {
    try {
      await this.#redis.publish(channel, JSON.stringify(change));
    } catch (error) {
      this.#logger.warn({ err: error, ...change }, 'a change was not announced');
    }
  }
}
