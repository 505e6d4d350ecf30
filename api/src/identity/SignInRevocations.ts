import { parseJson, type Logger, type Redis } from '@maydan/common';
import { z } from 'zod';
import { accessTokenLifetimeSec } from './AccessTokens.ts';

const channel = 'maydan:api:signInsEnded';
/** Sorted set: id of the sign-in → when it ended. Bounded, as older ends than an access token lives are dropped. */
const endedKey = 'maydan:api:signInsEnded:recent';
const keptMs = (accessTokenLifetimeSec + 300) * 1_000;

const ids = z.array(z.uuid());

/**
 * Ended sign-ins, known to all api processes at once: for whatever outlives a request, such as a socket. PostgreSQL holds
 * the truth and each REST request reads it (`SignInsService.authenticate`); this only spares the others to ask.
 *
 * A socket keeps the sign-in id of its access token (claim `sid`), is let go when `listen` names it, and is looked up once more
 * when it is listed, for an end in between. A process that lost its connection to Redis hears
 * of the ends meanwhile when it is back. What a killed process could not tell any more ends with the access token.
 */
export class SignInRevocations {
  readonly #redis: Redis;
  readonly #subscriber: Redis;
  readonly #logger: Logger;

  /** `subscriber` is a subscribed connection that may be shared with other channels. */
  constructor(redis: Redis, subscriber: Redis, logger: Logger) {
    this.#redis = redis;
    this.#subscriber = subscriber;
    this.#logger = logger;
  }

  /** Call it after the end is committed. It never fails the caller: the end itself stands. */
  async tell(signInIds: readonly string[], now = Date.now()): Promise<void> {
    if (signInIds.length === 0) return;
    const scored = signInIds.flatMap((id) => [String(now), id]);
    const write = this.#redis.multi();
    write.zadd(endedKey, ...scored).zremrangebyscore(endedKey, '-inf', String(now - keptMs));
    write.pexpire(endedKey, keptMs).publish(channel, JSON.stringify(signInIds));
    try {
      await write.exec();
    } catch (error) {
      this.#logger.warn({ err: error, count: signInIds.length }, 'ended sign-ins were not told');
    }
  }

  /** Calls `listener` with sign-ins that end; after a lost connection also with those it was told of before. */
  async listen(listener: (signInIds: string[]) => void): Promise<void> {
    this.#subscriber.on('message', (from: string, text: string) => {
      if (from !== channel) return;
      const parsed = ids.safeParse(parseJson(text));
      if (parsed.success) listener(parsed.data);
    });
    await this.#subscriber.subscribe(channel);
    this.#subscriber.on('ready', () => void this.#catchUp(listener));
  }

  async #catchUp(listener: (signInIds: string[]) => void): Promise<void> {
    try {
      // ioredis subscribes again by itself, perhaps after this event: nothing falls between the two only behind it.
      await this.#subscriber.subscribe(channel);
      const recent = await this.#redis.zrange(endedKey, '0', '-1');
      if (recent.length > 0) listener(recent);
    } catch (error) {
      this.#logger.warn({ err: error }, 'sign-ins that ended meanwhile are not known');
    }
  }
}
