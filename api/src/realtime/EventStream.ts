import { setTimeout as delay } from 'node:timers/promises';
import type { Logger, Redis } from '@maydan/common';
import { errorCode } from '@maydan/contracts';
import { z } from 'zod';
import { Gathered } from '../limits/Gathered.ts';
import { isBefore, msOf } from './positions.ts';

/** Redis Stream of all that the api processes tell sockets; fields `e` (envelope) and `p` (payload), both JSON. */
export const socketStream = 'maydan:api:sockets';

const rooms = z.array(z.string()).min(1);
const envelope = z.discriminatedUnion('type', [
  /** `mark` in the payload stands for the playback base of the connection that is told. */
  z.object({ type: z.literal('event'), rooms, event: z.string(), mark: z.string().optional() }),
  z.object({ type: z.literal('remove'), rooms, from: z.string() }),
  z.object({ type: z.literal('disconnect'), rooms, code: errorCode }),
  z.object({ type: z.literal('reconnect'), rooms }),
  /** A block was made or lifted: what this person does in sessions is not told there, or is again. */
  z.object({ type: z.literal('hide'), rooms, userId: z.string(), isHidden: z.boolean() }),
  /** Of a session, or (null) of all, they are in no room any more. */
  z.object({ type: z.literal('expel'), rooms, sessionId: z.string().nullable() }),
  /** Says nothing but that the stream is at this position: what is told rarely doesn't grow too old to go on from. */
  z.object({ type: z.literal('tick'), rooms: z.array(z.string()).max(0) }),
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

export interface StreamListener {
  told(entry: StreamEntry): void;
  /** Entries were lost: nobody who is connected here can be sure to have been told everything. */
  gap(): void;
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
const positions = z.array(z.string());
/** How many entries are kept about, then envelope and payload of each new one; answers with their positions. */
const appendScript = `
local answer = {}
for i = 2, #ARGV, 2 do
  answer[i / 2] = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'e', ARGV[i], 'p', ARGV[i + 1])
end
return answer`;
const readReply = z.array(z.tuple([z.string(), z.array(rawEntry)])).nullable();
const rangeReply = z.array(rawEntry);
const batch = 200;
const blockMs = 2_000;
/** So long after one read the next begins: in a rush one brings what would take many, and nobody notices the wait. */
const paceMs = 10;
const appendPaceMs = 3;
const tickMs = 15_000;
/** Longer than a client may be away, with what its last known position may be behind. */
const keptMs = 300_000;

/** One stream that every api process writes and reads whole: the order in it is the order in which all are told. */
export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #closing = new AbortController();
  /** What comes at the same time goes to Redis together, as a trip costs more than an entry. The connection keeps the order. */
  readonly #appended = new Gathered<readonly [envelope: string, payload: string], string>({
    run: (entries) => this.#appendAll(entries),
    inTurn: false,
    paceMs: appendPaceMs,
    most: batch,
    maxWaiting: 50_000,
  });
  #position: string | null = null;
  #mayHaveGap = false;
  #nextReadAt = 0;
  #ticks: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(options: EventStreamOptions) {
    this.#options = options;
  }

  /** Up to where this process has read and handed on; null until it has begun to. */
  get position(): string | null {
    return this.#position;
  }

  /**
   * Begins at the present end; each later entry is told to `listener`, in order. Resolves when that is so, or when
   * Redis is away: then it begins by itself later, and `position` is null until then.
   */
  async start(listener: StreamListener): Promise<void> {
    // ioredis asks again by itself after a lost connection; what the server lost meanwhile is seen by this alone.
    this.#options.blockingRedis.on('close', () => (this.#mayHaveGap = true));
    await this.#findEnd().catch((error: unknown) => this.#failed(error));
    this.#running ??= this.#run(listener);
    this.#ticks ??= setInterval(() => void this.#tick(listener), tickMs);
  }

  /**
   * What was told after `from`, the oldest first, at most up to where this process has handed on, and the position that
   * it ends at. Null when something after `from` is not kept any more.
   */
  async after(from: string): Promise<{ entries: StreamEntry[]; position: string } | null> {
    const { redis } = this.#options;
    const until = this.#position;
    if (until === null) return null;
    // Another process was ahead of this one.
    if (isBefore(until, from)) return { entries: [], position: from };
    const found = rangeReply.parse(await redis.xrange(socketStream, `(${from}`, until, 'COUNT', batch));
    // Asked behind the read: what was dropped during it is missed, too.
    if (!(await this.reachesBackTo(from))) return null;
    const entries = found.flatMap(([position, fields]) => this.#parse(position, fields) ?? []);
    return { entries, position: found.length < batch ? until : (found.at(-1)?.[0] ?? until) };
  }

  /** Whether everything after this position is still kept. */
  async reachesBackTo(position: string): Promise<boolean> {
    const { redis } = this.#options;
    const [first] = rangeReply.parse(await redis.xrange(socketStream, '-', '+', 'COUNT', 1));
    return first !== undefined && !isBefore(position, first[0]);
  }

  /** Resolves to the position. Rejects when Redis is away. What is appended first comes first. */
  append(envelope: Envelope, payload = '{}'): Promise<string> {
    return this.#appended.run([JSON.stringify(envelope), payload]);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearInterval(this.#ticks);
    this.#options.blockingRedis.disconnect();
    await this.#running;
  }

  async #appendAll(entries: readonly (readonly [string, string])[]): Promise<string[]> {
    const { redis, maxEntries } = this.#options;
    return positions.parse(await redis.eval(appendScript, 1, socketStream, maxEntries, ...entries.flat()));
  }

  async #run(listener: StreamListener): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#step(this.#position ?? (await this.#findEnd()), listener);
      } catch (error) {
        if (signal.aborted) return;
        this.#mayHaveGap = true;
        this.#failed(error);
        await delay(500, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** An empty stream gets a first entry: there is always a position to go on from. */
  async #findEnd(): Promise<string> {
    const last = rangeReply.parse(await this.#options.redis.xrevrange(socketStream, '+', '-', 'COUNT', 1));
    return (this.#position = last[0]?.[0] ?? (await this.append({ type: 'tick', rooms: [] })));
  }

  #failed(error: unknown): void {
    this.#options.logger.warn({ err: error }, 'the stream of sockets could not be read');
  }

  /** Keeps a quiet stream moving, and drops what nobody goes on from any more. */
  async #tick(listener: StreamListener): Promise<void> {
    const { redis, logger } = this.#options;
    try {
      const now = Number((await redis.time())[0]) * 1_000;
      const before = this.#position;
      if (before !== null && Math.abs(now - msOf(before)) >= tickMs) {
        const position = await this.append({ type: 'tick', rooms: [] });
        // A Redis that lost the stream counts anew, perhaps from a clock that is behind.
        if (isBefore(position, before)) this.#skipTo(position, listener);
      }
      await redis.xtrim(socketStream, 'MINID', '~', String(now - keptMs));
    } catch (error) {
      if (!this.#closing.signal.aborted) logger.warn({ err: error }, 'the stream of sockets was not trimmed');
    }
  }

  async #step(from: string, listener: StreamListener): Promise<void> {
    await this.#pace();
    const options = ['COUNT', batch, 'BLOCK', blockMs, 'STREAMS', socketStream, from] as const;
    const reply = readReply.parse(await this.#options.blockingRedis.xread(...options));
    const entries = reply?.flatMap(([, found]) => found) ?? [];
    if (this.#mayHaveGap) await this.#checkGap(from, listener);
    for (const [position, fields] of entries) {
      if (this.#closing.signal.aborted) return;
      this.#position = position;
      const entry = this.#parse(position, fields);
      if (entry !== null) listener.told(entry);
    }
    // A process that is behind may be so far behind that what comes next is dropped already.
    if (entries.length === batch) this.#mayHaveGap = true;
    this.#nextReadAt = entries.length === batch ? 0 : performance.now() + paceMs;
  }

  async #pace(): Promise<void> {
    const early = this.#nextReadAt - performance.now();
    if (early > 0) await delay(early);
  }

  /** A Redis that was away may have lost entries, and may have dropped those that a slow process had not read. */
  async #checkGap(from: string, listener: StreamListener): Promise<void> {
    const isWhole = await this.reachesBackTo(from);
    this.#mayHaveGap = false;
    if (!isWhole) this.#skipTo(from, listener);
  }

  #skipTo(position: string, listener: StreamListener): void {
    this.#options.logger.warn({ position }, 'entries of the stream of sockets were missed');
    this.#position = position;
    listener.gap();
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
