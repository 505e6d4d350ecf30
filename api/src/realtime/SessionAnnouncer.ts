import type { Logger, Redis } from '@maydan/common';

const channel = 'maydan:api:sessions';

/** Tells all api processes that a session changed, so that each tells its own sockets. */
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

  /** Only a hint to sockets: when it fails, the change itself still stands. */
  async announce(sessionId: string): Promise<void> {
    try {
      await this.#redis.publish(channel, sessionId);
    } catch (error) {
      this.#logger.warn({ err: error, sessionId }, 'a change was not announced');
    }
  }

  /** Calls `listener` with the id of each changed session. */
  async listen(listener: (sessionId: string) => void): Promise<void> {
    this.#subscriber.on('message', (from: string, sessionId: string) => {
      if (from === channel) listener(sessionId);
    });
    await this.#subscriber.subscribe(channel);
  }
}
