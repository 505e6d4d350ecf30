import type { Logger, Redis } from '@maydan/common';
import { controlDocument, controlKey, ingestCommand, ingestCommandChannel } from '@maydan/contracts';
import type { Publishes } from './Publishes.ts';

export interface CommandsOptions {
  readonly redis: Redis;
  /** A connection of its own: one that subscribes can't do anything else. */
  readonly subscriber: Redis;
  readonly publishes: Publishes;
  readonly logger: Logger;
  /** How often the control documents of running publishes are looked at. */
  readonly pollMs?: number;
}

const defaultPollMs = 5_000;

/**
 * Drops publishers when the api says so. A command on the channel works at once; because a channel forgets what
 * it said while Redis or we were away, the control documents are read as well.
 */
export class Commands {
  readonly #options: CommandsOptions;
  readonly #timer: NodeJS.Timeout;

  constructor(options: CommandsOptions) {
    this.#options = options;
    const { subscriber, logger, pollMs } = options;
    subscriber.on('message', (_channel, message) => this.#obey(message));
    // Waits for Redis when it is away; the client subscribes again after each reconnect.
    subscriber.subscribe(ingestCommandChannel).catch((error: unknown) => {
      logger.warn({ err: error }, 'commands of the api can not be heard');
    });
    this.#timer = setInterval(() => void this.check(), pollMs ?? defaultPollMs);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#options.subscriber.disconnect();
  }

  /** Compares the running publishes with their control documents. Never rejects. */
  async check(): Promise<void> {
    const { redis, publishes, logger } = this.#options;
    const running = publishes.list();
    if (running.length === 0) return;
    try {
      const documents = await redis.mget(running.map(({ sessionId }) => controlKey(sessionId)));
      for (const document of documents) if (document !== null) this.#compare(document);
    } catch (error) {
      logger.debug({ err: error }, 'control documents not read');
    }
  }

  #compare(text: string): void {
    const document = controlDocument.parse(JSON.parse(text));
    const { sessionId, epoch, dropRtmpBelow } = document;
    // An older document than the publish is about its predecessor.
    if (document.desired === 'stop') this.#options.publishes.drop(sessionId, epoch, 'ended');
    else this.#options.publishes.drop(sessionId, dropRtmpBelow - 1, 'takenOver');
  }

  #obey(message: string): void {
    const { publishes, logger } = this.#options;
    try {
      const command = ingestCommand.parse(JSON.parse(message));
      const { sessionId, epoch, reason } = command;
      logger.info({ sessionId, epoch, reason }, 'the api drops a publish');
      publishes.drop(sessionId, epoch, reason);
    } catch (error) {
      logger.warn({ err: error }, 'a command could not be understood');
    }
  }
}
