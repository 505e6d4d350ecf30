import { createHash } from 'node:crypto';
import { addressGroup, AppError, type Redis } from '@maydan/common';
import { textKey } from './words.ts';

export interface ChatRates {
  /** Messages of one user in ten seconds, at most so many at once. */
  readonly perUser: number;
  /** Messages from one address in a second. */
  readonly perAddress: number;
  /** Messages in one session in a second. */
  readonly perRoom: number;
}

export interface Claim {
  readonly sessionId: string;
  readonly userId: string;
  readonly tempId: string;
  readonly text: string;
  /** 0: no slow mode. */
  readonly slowModeSec: number;
  /** Whether the user may not repeat themselves. */
  readonly once: boolean;
  /** Whether nobody may write what was written by anybody. */
  readonly unique: boolean;
}

const repeatSec = 30;
const uniqueSec = 60;

/**
 * Token buckets (generic cell rate algorithm: each key holds when its bucket will be full again, in ms). Nothing is taken
 * from any unless all have enough. ARGV: for each key the ms a token takes to come, and how many there are at most.
 */
const spendScript = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local wait, full = 0, {}
  for i, key in ipairs(KEYS) do
    local each, most = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    full[i] = math.max(now, tonumber(redis.call('GET', key) or now)) + each
    wait = math.max(wait, full[i] - now - each * most)
  end
  if wait > 0 then return math.ceil(wait) end
  for i, key in ipairs(KEYS) do redis.call('SET', key, full[i], 'PX', math.max(1, math.ceil(full[i] - now))) end
  return 0`;

/**
 * Takes all keys for a message, or none: one that another message has is refused by its number and how long it stays. The
 * same message again has them already. ARGV: the message, then for each key how many ms it stays.
 */
const claimScript = `
  for i, key in ipairs(KEYS) do
    local holder = redis.call('GET', key)
    if holder and holder ~= ARGV[1] then return { i, redis.call('PTTL', key) } end
  end
  for i, key in ipairs(KEYS) do redis.call('SET', key, ARGV[1], 'PX', ARGV[i + 1], 'NX') end
  return { 0, 0 }`;

/** How fast people write, and what they repeat: counted in Redis, over all api processes. */
export class ChatGate {
  readonly #redis: Redis;
  readonly #rates: ChatRates;

  constructor(redis: Redis, rates: ChatRates) {
    this.#redis = redis;
    this.#rates = rates;
  }

  /** Counts a message, before it is looked at. Throws `rate_limited`. */
  async spend(sessionId: string, userId: string, address: string): Promise<void> {
    const { perUser, perAddress, perRoom } = this.#rates;
    const buckets = [
      [`maydan:chat:rate:user:${userId}`, 10_000 / perUser, perUser],
      [`maydan:chat:rate:address:${addressGroup(address)}`, 1_000 / perAddress, perAddress * 2],
      [`maydan:chat:rate:room:${sessionId}`, 1_000 / perRoom, perRoom],
    ] as const;
    await this.#spend(buckets);
  }

  /** Counts reactions of a user. Throws `rate_limited`. */
  async react(userId: string, count: number): Promise<void> {
    // One event of many is as good as many events.
    await this.#spend([[`maydan:chat:rate:react:${userId}`, count * 100, Math.ceil(50 / count)]]);
  }

  /** The last word before a message is stored. Throws `chat_slow_mode` or `chat_duplicate`; not for the same message again. */
  async claim({ sessionId, userId, tempId, text, slowModeSec, once, unique }: Claim): Promise<void> {
    const hash = createHash('sha256').update(textKey(text)).digest('base64url');
    const keys: { key: string; ms: number; refused: 'chat_slow_mode' | 'chat_duplicate' }[] = [];
    const add = (name: string, sec: number, refused: 'chat_slow_mode' | 'chat_duplicate'): void =>
      void keys.push({ key: `maydan:chat:${name}`, ms: sec * 1_000, refused });
    if (slowModeSec > 0) add(`slow:${sessionId}:${userId}`, slowModeSec, 'chat_slow_mode');
    if (once) add(`said:${sessionId}:${userId}:${hash}`, repeatSec, 'chat_duplicate');
    if (unique) add(`heard:${sessionId}:${hash}`, uniqueSec, 'chat_duplicate');
    if (keys.length === 0) return;
    const names = keys.map(({ key }) => key);
    const lasting = keys.map(({ ms }) => ms);
    const answer = await this.#redis.eval(
      claimScript,
      names.length,
      ...names,
      `${userId} ${tempId}`,
      ...lasting,
    );
    const [nth = 0, leftMs = 0] = Array.isArray(answer) ? answer.map(Number) : [];
    const taken = keys[nth - 1];
    if (taken !== undefined) throw waiting(taken.refused, leftMs);
  }

  /** True once for each key until it is forgotten. */
  async first(key: string, sec: number): Promise<boolean> {
    return (await this.#redis.set(`maydan:chat:first:${key}`, '1', 'EX', sec, 'NX')) !== null;
  }

  async #spend(buckets: readonly (readonly [key: string, eachMs: number, most: number])[]): Promise<void> {
    const keys = buckets.map(([key]) => key);
    const limits = buckets.flatMap(([, eachMs, most]) => [eachMs, most]);
    const wait = Number(await this.#redis.eval(spendScript, keys.length, ...keys, ...limits));
    if (wait > 0) throw waiting('rate_limited', wait);
  }
}

function waiting(code: 'rate_limited' | 'chat_slow_mode' | 'chat_duplicate', ms: number): AppError {
  return new AppError(code, undefined, { retryAfterSec: Math.max(1, Math.ceil(ms / 1_000)) });
}
