import { setTimeout as delay } from 'node:timers/promises';
import type { Logger, Redis } from '@maydan/common';
import { errorCode } from '@maydan/contracts';
import { z } from 'zod';

/** Redis Stream of all that the api processes tell sockets; fields `e` (envelope) and `p` (payload), both JSON. */
export const socketStream = 'maydan:api:sockets';

const rooms = z.array(z.string()).min(1);
const envelope = z.discriminatedUnion('type', [
  /** `mark` in the payload stands for the playback base of the connection that is told. */
  z.object({ type: z.literal('event'), rooms, event: z.string(), mark: z.string().optional() }),
  z.object({ type: z.literal('remove'), rooms, from: z.string() }),
  z.object({ type: z.literal('disconnect'), rooms, code: errorCode }),
]);
export type Envelope = z.infer<typeof envelope>;

/** What was told, at its position in the stream. */
export interface StreamEntry {
  /** `<ms>-<number>`, rising. */
  readonly position: string;
  readonly envelope: Envelope;
  /** JSON. */
  readonly payload: string;
}

export interface EventStreamOptions {
  readonly redis: Redis;
  /** For blocking reads alone; closed by the stream. */
  readonly blockingRedis: Redis;
  /** About how many entries are kept. */
  readonly maxEntries: number;
  readonly logger: Logger;
}

const rawEntry = z.tuple([z.string(), z.array(z.string())]);
const readReply = z.array(z.tuple([z.string(), z.array(rawEntry)])).nullable();
const rangeReply = z.array(rawEntry);
const batch = 200;
const blockMs = 2_000;

/** One stream that every api process writes and reads whole: the order in it is the order in which all are told. */
export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #closing = new AbortController();
  #position: string | null = null;
  #running: Promise<void> | undefined;

  constructor(options: EventStreamOptions) {
    this.#options = options;
  }

  /** Up to where this process has read and handed on; null until it has begun to. */
  get position(): string | null {
    return this.#position;
  }

  /**
   * Begins at the present end; each later entry is handed to `listener`, in order. Resolves when that is so, or when
   * Redis is away: then it begins by itself later, and `position` is null until then.
   */
  async start(listener: (entry: StreamEntry) => void): Promise<void> {
    await this.#findEnd().catch((error: unknown) => this.#failed(error));
    this.#running ??= this.#run(listener);
  }

  /** Rejects when Redis is away. */
  async append(envelope: Envelope, payload = '{}'): Promise<void> {
    const { redis, maxEntries } = this.#options;
    const fields = ['e', JSON.stringify(envelope), 'p', payload];
    await redis.xadd(socketStream, 'MAXLEN', '~', maxEntries, '*', ...fields);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#options.blockingRedis.disconnect();
    await this.#running;
  }

  async #run(listener: (entry: StreamEntry) => void): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#step(this.#position ?? (await this.#findEnd()), listener);
      } catch (error) {
        if (signal.aborted) return;
        this.#failed(error);
        await delay(500, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #findEnd(): Promise<string> {
    const last = rangeReply.parse(await this.#options.redis.xrevrange(socketStream, '+', '-', 'COUNT', 1));
    return (this.#position = last[0]?.[0] ?? '0-0');
  }

  #failed(error: unknown): void {
    this.#options.logger.warn({ err: error }, 'the stream of sockets could not be read');
  }

  async #step(from: string, listener: (entry: StreamEntry) => void): Promise<void> {
    const options = ['COUNT', batch, 'BLOCK', blockMs, 'STREAMS', socketStream, from] as const;
    const reply = readReply.parse(await this.#options.blockingRedis.xread(...options));
    for (const [position, fields] of reply?.flatMap(([, entries]) => entries) ?? []) {
      if (this.#closing.signal.aborted) return;
      this.#position = position;
      const entry = this.#parse(position, fields);
      if (entry !== null) listener(entry);
    }
  }

  /** Null, and logged, for what is not readable, as another version of the api may write it. */
  #parse(position: string, fields: string[]): StreamEntry | null {
    const field = (name: string): string => fields[fields.indexOf(name) + 1] ?? '';
    try {
      return { position, envelope: envelope.parse(JSON.parse(field('e'))), payload: field('p') };
    } catch (error) {
      this.#options.logger.warn(
        { err: error, position },
        'an entry of the stream of sockets is not readable',
      );
      return null;
    }
  }
}
