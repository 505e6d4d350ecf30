import { addressGroup, AppError, type Logger, type Redis } from '@maydan/common';
import { socketLimits } from '@maydan/contracts';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { ApiConfig } from '../config.ts';

type Limiter = Pick<RateLimiterRedis, 'consume' | 'reward' | 'delete'>;

/**
 * Counts attempts over all api processes in Redis. While Redis is away each process counts by itself: nobody is
 * locked out, and guessing stays slow.
 */
export class RateLimits {
  readonly #authByAddress: Limiter;
  readonly #refreshByAddress: Limiter;
  readonly #failuresByAccount: Limiter;
  readonly #keyFailuresByAddress: Limiter;
  readonly #joinsByAddress: Limiter;
  readonly #stageByUser: Limiter;
  readonly #peopleByUser: Limiter;
  readonly #socketByUser: Limiter;
  readonly #logger: Logger;

  constructor(redis: Redis, config: ApiConfig, logger: Logger) {
    const limiter = (name: string, points: number, duration: number): Limiter =>
      new RateLimiterRedis({
        storeClient: redis,
        keyPrefix: `maydan:limit:${name}`,
        points,
        duration,
        insuranceLimiter: new RateLimiterMemory({ points, duration }),
      });
    this.#logger = logger;
    this.#authByAddress = limiter('auth', config.AUTH_RATE_PER_ADDRESS, 300);
    this.#refreshByAddress = limiter('refresh', config.AUTH_RATE_PER_ADDRESS * 5, 300);
    this.#failuresByAccount = limiter('account', config.AUTH_FAILURES_PER_ACCOUNT, 900);
    this.#keyFailuresByAddress = limiter('streamKey', config.STREAM_KEY_FAILURES_PER_ADDRESS, 300);
    this.#joinsByAddress = limiter('join', config.JOIN_RATE_PER_ADDRESS, 300);
    this.#stageByUser = limiter('stage', config.STAGE_RATE_PER_USER, 60);
    this.#peopleByUser = limiter('people', config.PEOPLE_RATE_PER_USER, 60);
    this.#socketByUser = limiter('socket', socketLimits.perUser, socketLimits.perUserSec);
  }

  /** Counts a join token; throws `rate_limited`. */
  join(address: string): Promise<void> {
    return this.#count(this.#joinsByAddress, addressGroup(address));
  }

  /** Counts what a user asks of a stage; throws `rate_limited`. */
  stage(userId: string): Promise<void> {
    return this.#count(this.#stageByUser, userId);
  }

  /** Counts what a user changes between people (follow, block, contact); throws `rate_limited`. */
  people(userId: string): Promise<void> {
    return this.#count(this.#peopleByUser, userId);
  }

  /** Counts a message over any socket of a user; throws `rate_limited`. */
  socketMessage(userId: string, cost: number): Promise<void> {
    return this.#count(this.#socketByUser, userId, cost);
  }

  /** Counts a login or registration; throws `rate_limited`. */
  auth(address: string): Promise<void> {
    return this.#count(this.#authByAddress, addressGroup(address));
  }

  /** Counts a token refresh; throws `rate_limited`. */
  refresh(address: string): Promise<void> {
    return this.#count(this.#refreshByAddress, addressGroup(address));
  }

  /**
   * Counts an attempt on an account before its password is checked, so that many at once don't slip through; throws
   * `rate_limited`. A right password clears the account by `loginSucceeded`.
   */
  login(account: string): Promise<void> {
    return this.#count(this.#failuresByAccount, account.toLowerCase());
  }

  async loginSucceeded(account: string): Promise<void> {
    await this.#failuresByAccount.delete(account.toLowerCase());
  }

  /**
   * Counts a publish of an address before its stream key is looked up, so that many at once don't slip through;
   * throws `rate_limited`. A right key takes the count back by `streamKeyAccepted`.
   */
  async streamKey(address: string): Promise<void> {
    try {
      await this.#count(this.#keyFailuresByAddress, addressGroup(address));
    } catch (error) {
      this.#logger.warn({ address }, 'an address has had too many stream keys refused');
      throw error;
    }
  }

  async streamKeyAccepted(address: string): Promise<void> {
    await this.#keyFailuresByAddress.reward(addressGroup(address));
  }

  async #count(limiter: Limiter, key: string, points = 1): Promise<void> {
    try {
      await limiter.consume(key, points);
    } catch (error) {
      throw error instanceof RateLimiterRes ? limited(error) : error;
    }
  }
}

function limited(state: RateLimiterRes): AppError {
  return new AppError('rate_limited', undefined, { retryAfterSec: Math.ceil(state.msBeforeNext / 1000) });
}
