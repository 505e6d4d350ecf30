import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger, Redis } from '@maydan/common';
import { fact, factGroup, factStream, type Fact } from '@maydan/contracts';
import { z } from 'zod';

export interface FactsConsumerOptions {
  /** For short commands. */
  readonly redis: Redis;
  /** For blocking reads alone. */
  readonly blockingRedis: Redis;
  readonly handle: (fact: Fact) => Promise<void>;
  /** Rejects while what `handle` needs is away: no fact is given up then. */
  readonly check: () => Promise<void>;
  readonly logger: Logger;
  /** How long a fact stays unacknowledged before it is taken over, also from a process that died. */
  readonly claimAfterMs?: number;
  /** Deliveries after which a fact that always fails is given up. */
  readonly maxDeliveries?: number;
}

const entry = z.tuple([z.string(), z.array(z.string()).nullable()]);
const readReply = z.array(z.tuple([z.string(), z.array(entry)])).nullable();
const claimReply = z.tuple([z.string(), z.array(entry)]).rest(z.unknown());
const pendingReply = z.array(z.tuple([z.string(), z.string(), z.number(), z.number()]));
/** Replies of XINFO: lists of names and values in turn. */
const infoReply = z.array(z.array(z.unknown()));
type Entry = z.infer<typeof entry>;

const batch = 100;
const blockMs = 1_000;
/** A living consumer reads every second. */
const deadAfterMs = 600_000;

/** Reads the fact stream as one consumer of the api's group: each fact is handled at least once, by one process. */
export class FactsConsumer {
  readonly #options: Required<FactsConsumerOptions>;
  readonly #name = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #claimedAt = 0;

  constructor(options: FactsConsumerOptions) {
    this.#options = { claimAfterMs: 5_000, maxDeliveries: 20, ...options };
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Waits for the fact at hand; what was read but not handled is left to the other processes. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#options.blockingRedis.disconnect();
    await this.#running;
  }

  /** Facts not read yet, and facts read but not handled. */
  lag(): Promise<{ unread: number; pending: number }> {
    return factsLag(this.#options.redis);
  }

  async #run(): Promise<void> {
    const { logger } = this.#options;
    while (!this.#closing.signal.aborted) {
      try {
        await this.#step();
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        if (error instanceof Error && error.message.startsWith('NOGROUP')) await this.#createGroup();
        else {
          logger.warn({ err: error }, 'facts could not be read');
          await delay(500, undefined, { signal: this.#closing.signal }).catch(() => undefined);
        }
      }
    }
  }

  async #step(): Promise<void> {
    const { blockingRedis, claimAfterMs } = this.#options;
    if (Date.now() - this.#claimedAt >= claimAfterMs) {
      this.#claimedAt = Date.now();
      await this.#claim();
    }
    const options = ['COUNT', batch, 'BLOCK', Math.min(blockMs, claimAfterMs), 'STREAMS'] as const;
    const reply = await blockingRedis.xreadgroup('GROUP', factGroup, this.#name, ...options, factStream, '>');
    for (const [, entries] of readReply.parse(reply) ?? []) await this.#handleAll(entries);
  }

  /** Begins at the oldest fact that the stream still has: a new group, or a Redis that lost it, misses nothing. */
  async #createGroup(): Promise<void> {
    try {
      await this.#options.redis.xgroup('CREATE', factStream, factGroup, '0', 'MKSTREAM');
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('BUSYGROUP')) return;
      this.#options.logger.warn({ err: error }, 'the group of the fact stream could not be made');
      await delay(500, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    }
  }

  async #claim(): Promise<void> {
    const { redis, claimAfterMs } = this.#options;
    const key = [factStream, factGroup, this.#name] as const;
    const [, entries] = claimReply.parse(await redis.xautoclaim(...key, claimAfterMs, '0', 'COUNT', batch));
    await this.#handleAll(entries);
    await this.#forgetDead();
  }

  /** Every process start makes a consumer; those of past ones are removed once nothing is left with them. */
  async #forgetDead(): Promise<void> {
    const { redis } = this.#options;
    const consumers = infoReply.parse(await redis.xinfo('CONSUMERS', factStream, factGroup)).map(fieldsOf);
    for (const fields of consumers) {
      const dead = Number(fields.get('idle')) > deadAfterMs && Number(fields.get('pending')) === 0;
      if (dead) await redis.xgroup('DELCONSUMER', factStream, factGroup, String(fields.get('name')));
    }
  }

  async #handleAll(entries: Entry[]): Promise<void> {
    for (const [id, fields] of entries) {
      if (this.#closing.signal.aborted) return;
      await this.#handleOne(id, fields);
    }
  }

  async #handleOne(id: string, fields: string[] | null): Promise<void> {
    const { handle, logger } = this.#options;
    const parsed = parseFact(fields);
    if (parsed === null) {
      logger.error({ factId: id, fields }, 'a fact is not readable and was set aside');
      return this.#acknowledge(id);
    }
    try {
      await handle(parsed);
    } catch (error) {
      return this.#failed(id, parsed, error);
    }
    await this.#acknowledge(id);
  }

  /** Left unacknowledged it comes again by `#claim`, until it has come too often. */
  async #failed(id: string, failing: Fact, error: unknown): Promise<void> {
    const { redis, logger, maxDeliveries, check } = this.#options;
    const pending = pendingReply.parse(await redis.xpending(factStream, factGroup, id, id, 1));
    const deliveries = pending[0]?.[3] ?? 1;
    const about = 'sessionId' in failing ? { sessionId: failing.sessionId } : { mediaId: failing.mediaId };
    const context = { err: error, factId: id, fact: failing.type, ...about, deliveries };
    const poison = deliveries >= maxDeliveries && (await succeeds(check));
    if (!poison) return logger.warn(context, 'a fact could not be handled yet');
    logger.error(context, 'a fact failed too often and was set aside');
    await this.#acknowledge(id);
  }

  async #acknowledge(id: string): Promise<void> {
    await this.#options.redis.xack(factStream, factGroup, id);
  }
}

/** Facts that no api process has read yet, and facts that were read but not handled. */
export async function factsLag(redis: Redis): Promise<{ unread: number; pending: number }> {
  const groups = infoReply.parse(await redis.xinfo('GROUPS', factStream));
  const group = groups.map(fieldsOf).find((fields) => fields.get('name') === factGroup);
  return { unread: Number(group?.get('lag') ?? 0), pending: Number(group?.get('pending') ?? 0) };
}

function fieldsOf(flat: unknown[]): Map<unknown, unknown> {
  const pairs = flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1]] as const] : []));
  return new Map(pairs);
}

function succeeds(check: () => Promise<void>): Promise<boolean> {
  return check().then(
    () => true,
    () => false,
  );
}

function parseFact(fields: string[] | null): Fact | null {
  const text = fields?.[fields.indexOf('fact') + 1];
  if (text === undefined) return null;
  try {
    return fact.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
