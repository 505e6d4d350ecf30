import { addressGroup, AppError, type Logger, type Redis } from '@maydan/common';
import { socketLimits } from '@maydan/contracts';
import { hashSecret } from '@maydan/prisma';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { ApiConfig } from '../config.ts';
import { CountedTogether } from './CountedTogether.ts';

type Limiter = Pick<RateLimiterRedis, 'consume' | 'reward' | 'delete'>;

/** How much more often all addresses together may fail on an account than one of them alone. */
const strangersFactor = 5;
const knownAddressSec = 60 * 24 * 3_600;
/** The same for codes to a phone number, where strangers cost money and a guess is one of a million. */
const phoneStrangersFactor = 2;

/** What somebody does to an account or number from one address, and what all strangers do. */
interface PairLimiters {
  readonly pair: Limiter;
  readonly strangers: Limiter;
}

/** A password's attempt that was counted before it is checked. */
export interface LoginAttempt {
  /** The password was right: clears the count. `accounts` are all names under which the account can be asked for. */
  succeeded(accounts: readonly string[]): Promise<void>;
}

/**
 * Counts attempts over all api processes in Redis. While Redis is away each process counts by itself: nobody is
 * locked out, and guessing stays slow.
 */
export class RateLimits {
  readonly #authByAddress: Limiter;
  readonly #refreshByAddress: Limiter;
  readonly #failuresByPair: Limiter;
  readonly #failuresByAccount: Limiter;
  readonly #passwordsByUser: Limiter;
  readonly #codesByAddress: Limiter;
  readonly #codes: PairLimiters;
  readonly #guesses: PairLimiters;
  readonly #mailsByUser: Limiter;
  readonly #mailsByMailbox: Limiter;
  readonly #mailsByAddress: Limiter;
  readonly #emailGuessesByUser: Limiter;
  readonly #secondFactorByUser: Limiter;
  readonly #keyFailuresByAddress: Limiter;
  readonly #joinsByAddress: Limiter;
  readonly #stageByUser: Limiter;
  readonly #peopleByUser: Limiter;
  readonly #conversationsByUser: Limiter;
  readonly #messagesByUser: Limiter;
  readonly #chatByUser: Limiter;
  readonly #readsByUser: Limiter;
  readonly #mediaByUser: Limiter;
  readonly #statusesByUser: Limiter;
  readonly #statusViewsByUser: Limiter;
  readonly #socketByUser: Limiter;
  readonly #searches: Limiter;
  readonly #notificationsByUser: Limiter;
  readonly #walletByUser: Limiter;
  readonly #giftsByUser: Limiter;
  readonly #analyticsByUser: Limiter;
  readonly #reportsByUser: Limiter;
  readonly #webhooksByUser: Limiter;
  readonly #restreamByUser: Limiter;
  readonly #redis: Redis;
  readonly #logger: Logger;

  constructor(redis: Redis, config: ApiConfig, logger: Logger) {
    const storeClient = new CountedTogether(redis);
    const limiter = (name: string, points: number, duration: number): Limiter =>
      new RateLimiterRedis({
        storeClient,
        keyPrefix: `maydan:limit:${name}`,
        points,
        duration,
        insuranceLimiter: new RateLimiterMemory({ points, duration }),
      });
    this.#redis = redis;
    this.#logger = logger;
    this.#authByAddress = limiter('auth', config.AUTH_RATE_PER_ADDRESS, 300);
    this.#refreshByAddress = limiter('refresh', config.AUTH_RATE_PER_ADDRESS * 5, 300);
    const failures = config.AUTH_FAILURES_PER_ACCOUNT;
    this.#failuresByPair = limiter('accountAddress', failures, 900);
    this.#failuresByAccount = limiter('account', failures * strangersFactor, 900);
    this.#codes = {
      pair: limiter('phoneCodePair', 5, 3_600),
      strangers: limiter('phoneCode', 5 * phoneStrangersFactor, 3_600),
    };
    this.#codesByAddress = limiter('phoneCodeAddress', config.PHONE_CODES_PER_ADDRESS, 3_600);
    this.#guesses = {
      pair: limiter('phoneGuessPair', 15, 3_600),
      strangers: limiter('phoneGuess', 15 * phoneStrangersFactor, 3_600),
    };
    this.#mailsByUser = limiter('emailCode', 5, 3_600);
    this.#mailsByMailbox = limiter('emailCodeMailbox', 20, 3_600);
    this.#mailsByAddress = limiter('emailCodeAddress', config.EMAIL_CODES_PER_ADDRESS, 3_600);
    this.#emailGuessesByUser = limiter('emailGuess', 15, 3_600);
    this.#secondFactorByUser = limiter('secondFactor', failures, 900);
    this.#passwordsByUser = limiter('password', failures, 900);
    this.#keyFailuresByAddress = limiter('streamKey', config.STREAM_KEY_FAILURES_PER_ADDRESS, 300);
    this.#joinsByAddress = limiter('join', config.JOIN_RATE_PER_ADDRESS, 300);
    this.#stageByUser = limiter('stage', config.STAGE_RATE_PER_USER, 60);
    this.#peopleByUser = limiter('people', config.PEOPLE_RATE_PER_USER, 60);
    this.#conversationsByUser = limiter('conversation', config.CONVERSATION_RATE_PER_USER, 60);
    this.#messagesByUser = limiter('message', config.MESSAGE_RATE_PER_USER, 60);
    this.#chatByUser = limiter('chat', 240, 60);
    this.#readsByUser = limiter('read', config.MESSAGE_RATE_PER_USER * 2, 60);
    this.#mediaByUser = limiter('media', config.MEDIA_RATE_PER_USER, 3_600);
    this.#statusesByUser = limiter('status', config.STATUS_RATE_PER_USER, 3_600);
    this.#statusViewsByUser = limiter('statusView', 300, 60);
    this.#socketByUser = limiter('socket', socketLimits.perUser, socketLimits.perUserSec);
    this.#notificationsByUser = limiter('notification', 240, 60);
    this.#walletByUser = limiter('wallet', config.WALLET_RATE_PER_USER, 60);
    this.#giftsByUser = limiter('gift', config.GIFT_RATE_PER_USER, 60);
    this.#analyticsByUser = limiter('analytics', config.ANALYTICS_RATE_PER_USER, 60);
    this.#reportsByUser = limiter('report', 30, 3_600);
    this.#webhooksByUser = limiter('webhook', config.WEBHOOK_RATE_PER_USER, 60);
    this.#restreamByUser = limiter('restream', 60, 60);
    this.#searches = limiter('search', config.SEARCH_RATE_PER_USER, 60);
  }

  /** Counts a join token; throws `rate_limited`. */
  join(address: string): Promise<void> {
    return this.#count(this.#joinsByAddress, addressGroup(address));
  }

  /** Counts a report of a user; throws `rate_limited`. */
  reports(userId: string): Promise<void> {
    return this.#count(this.#reportsByUser, userId);
  }

  /** Counts what a user asks of a stage; throws `rate_limited`. */
  stage(userId: string): Promise<void> {
    return this.#count(this.#stageByUser, userId);
  }

  /** Counts what a user changes between people (follow, block, contact) or of the own account; throws `rate_limited`. */
  people(userId: string): Promise<void> {
    return this.#count(this.#peopleByUser, userId);
  }

  /** Counts what a user changes of conversations and their members; throws `rate_limited`. */
  conversations(userId: string): Promise<void> {
    return this.#count(this.#conversationsByUser, userId);
  }

  /** Counts a message of a conversation that a user sends or changes; throws `rate_limited`. */
  messages(userId: string): Promise<void> {
    return this.#count(this.#messagesByUser, userId);
  }

  /** Counts a deletion, pin or setting in the chat of a session; throws `rate_limited`. */
  chat(userId: string): Promise<void> {
    return this.#count(this.#chatByUser, userId);
  }

  /** Counts a move of a user's read markers; throws `rate_limited`. */
  reads(userId: string): Promise<void> {
    return this.#count(this.#readsByUser, userId);
  }

  /** Counts what a user changes of their notifications and devices; throws `rate_limited`. */
  notifications(userId: string): Promise<void> {
    return this.#count(this.#notificationsByUser, userId);
  }

  /** Counts a file that a user announces; throws `rate_limited`. */
  media(userId: string): Promise<void> {
    return this.#count(this.#mediaByUser, userId);
  }

  /** Counts a status that a user makes or deletes; throws `rate_limited`. */
  statuses(userId: string): Promise<void> {
    return this.#count(this.#statusesByUser, userId);
  }

  /** Counts a status that a user says to have seen; throws `rate_limited`. */
  statusViews(userId: string): Promise<void> {
    return this.#count(this.#statusViewsByUser, userId);
  }

  /** Counts statistics that a user asks for; throws `rate_limited`. */
  analytics(userId: string): Promise<void> {
    return this.#count(this.#analyticsByUser, userId);
  }

  /** Counts what a user changes of webhooks; throws `rate_limited`. */
  webhooks(userId: string): Promise<void> {
    return this.#count(this.#webhooksByUser, userId);
  }

  /** Counts a change of a user's restream targets; throws `rate_limited`. */
  restream(userId: string): Promise<void> {
    return this.#count(this.#restreamByUser, userId);
  }

  /** Counts a deposit or withdrawal that a user asks for; throws `rate_limited`. */
  wallet(userId: string): Promise<void> {
    return this.#count(this.#walletByUser, userId);
  }

  /** Counts a gift of a user; throws `rate_limited`. */
  gifts(userId: string): Promise<void> {
    return this.#count(this.#giftsByUser, userId);
  }

  /** Counts a message over any socket of a user, `isMessage` also as one of a conversation; throws `rate_limited`. */
  async socketMessage(userId: string, cost: number, isMessage: boolean): Promise<void> {
    const counted = [this.#count(this.#socketByUser, userId, cost)];
    if (isMessage) counted.push(this.messages(userId));
    await Promise.all(counted);
  }

  /** Counts a search for people or channels of a user, or one or a list of followers of an address without a sign-in; throws `rate_limited`. */
  search(who: { userId: string } | { address: string }): Promise<void> {
    return this.#count(this.#searches, 'userId' in who ? who.userId : addressGroup(who.address));
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
   * `rate_limited`, alike for accounts that don't exist. An address has few attempts, all strangers together some more. An
   * address from which the account was signed in to before is no stranger: others can't lock its owner out there.
   */
  async login(account: string, address: string): Promise<LoginAttempt> {
    const [key, group] = [accountKey(account), addressGroup(address)];
    await this.#count(this.#failuresByPair, `${key}:${group}`);
    const isKnown = await this.#isKnown(key, group);
    if (!isKnown) await this.#count(this.#failuresByAccount, key);
    return {
      succeeded: async (accounts) => {
        await this.#failuresByPair.delete(`${key}:${group}`);
        if (!isKnown) await this.#failuresByAccount.reward(key);
        for (const name of accounts) await this.#remember(accountKey(name), group);
      },
    };
  }

  /**
   * Counts a code that is to be sent: each costs money, and somebody's attention. Throws `rate_limited`. As for logins, an
   * address has few for one number, all strangers' addresses together some more, and those that have proved the number
   * before are no strangers: nobody else can keep its owner from codes there. Numbers nobody has are counted alike.
   */
  async phoneCode(phone: string, address: string): Promise<void> {
    await this.#count(this.#codesByAddress, addressGroup(address));
    await this.#countPair(this.#codes, phone, address);
  }

  /** Counts a guess of a code, over all codes of the number, in the same way; throws `rate_limited`. */
  async phoneGuess(phone: string, address: string): Promise<{ succeeded(): Promise<void> }> {
    await this.#countPair(this.#guesses, phone, address);
    return { succeeded: () => this.#remember(accountKey(phone), addressGroup(address)) };
  }

  /** Counts a code that is to be sent to a mailbox for a user, alike whoever's it is; throws `rate_limited`. */
  async emailCode(userId: string, email: string, address: string): Promise<void> {
    await this.#count(this.#mailsByAddress, addressGroup(address));
    await this.#count(this.#mailsByUser, userId);
    await this.#count(this.#mailsByMailbox, accountKey(email));
  }

  /** Counts a user's guess of a code, over all codes; throws `rate_limited`. */
  emailGuess(userId: string): Promise<void> {
    return this.#count(this.#emailGuessesByUser, userId);
  }

  /** Counts a check of a signed-in user's own password or code; throws `rate_limited`. */
  async password(userId: string): Promise<{ succeeded(): Promise<void> }> {
    await this.#count(this.#passwordsByUser, userId);
    return { succeeded: async () => void (await this.#passwordsByUser.delete(userId)) };
  }

  /** Counts a guess of a code of the second factor; throws `rate_limited`. */
  async secondFactor(userId: string): Promise<{ succeeded(): Promise<void> }> {
    await this.#count(this.#secondFactorByUser, userId);
    return { succeeded: async () => void (await this.#secondFactorByUser.delete(userId)) };
  }

  async #countPair({ pair, strangers }: PairLimiters, phone: string, address: string): Promise<void> {
    const [key, group] = [accountKey(phone), addressGroup(address)];
    await this.#count(pair, `${key}:${group}`);
    if (!(await this.#isKnown(key, group))) await this.#count(strangers, key);
  }

  async #isKnown(account: string, group: string): Promise<boolean> {
    try {
      return (await this.#redis.exists(knownKey(account, group))) > 0;
    } catch {
      return false;
    }
  }

  /** Only a comfort: without it the next login counts as a stranger's. */
  async #remember(account: string, group: string): Promise<void> {
    try {
      await this.#redis.set(knownKey(account, group), '1', 'EX', knownAddressSec);
    } catch (error) {
      this.#logger.warn({ err: error }, 'the address of a login was not remembered');
    }
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

/** Names of accounts are people's data, and as long as somebody likes: Redis has their hash. */
function accountKey(account: string): string {
  return hashSecret(account.toLowerCase());
}

function knownKey(account: string, group: string): string {
  return `maydan:limit:known:${account}:${group}`;
}

function limited(state: RateLimiterRes): AppError {
  return new AppError('rate_limited', undefined, { retryAfterSec: Math.ceil(state.msBeforeNext / 1000) });
}
