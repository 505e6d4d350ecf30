import { scoresOf, type Logger, type Redis } from '@maydan/common';
import { joinTokenLifetimeSec, sfuCommand, sfuCommandChannel, sfuRemovalsKey } from '@maydan/contracts';
import type { SfuCommand } from '@maydan/contracts';

export interface CommandListenerOptions {
  /** A connection of its own: one that subscribes can't do anything else. */
  readonly subscriber: Redis;
  readonly redis: Redis;
  /** `atMs` is when it was said, for what was said while nobody listened. */
  readonly obey: (command: SfuCommand, atMs?: number) => Promise<void>;
  readonly logger: Logger;
}

/**
 * Hears what the api tells all nodes of the sfu, and reads who was sent out while it didn't listen: before it started, or while
 * Redis was away.
 */
export class CommandListener {
  readonly #options: CommandListenerOptions;

  /** Resolves once commands are heard, and those of before are obeyed. */
  static async create(options: CommandListenerOptions): Promise<CommandListener> {
    const listener = new CommandListener(options);
    await listener.#listen();
    options.subscriber.on('ready', () => void listener.#listenAgain());
    return listener;
  }

  private constructor(options: CommandListenerOptions) {
    this.#options = options;
    options.subscriber.on('message', (_channel, message) => void this.#hear(message));
  }

  close(): void {
    this.#options.subscriber.disconnect();
  }

  /** Listens first, so that nothing falls between. */
  async #listen(): Promise<void> {
    const { subscriber, redis } = this.#options;
    await subscriber.subscribe(sfuCommandChannel);
    const [sec] = await redis.time();
    const since = (Number(sec) - joinTokenLifetimeSec) * 1_000;
    const said = await redis.zrangebyscore(sfuRemovalsKey, since, '+inf', 'WITHSCORES');
    for (const [message, atMs] of scoresOf(said)) await this.#hear(message, atMs);
  }

  async #listenAgain(): Promise<void> {
    try {
      await this.#listen();
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'commands of before could not be read');
    }
  }

  async #hear(message: string, atMs?: number): Promise<void> {
    const { obey, logger } = this.#options;
    try {
      const command = sfuCommand.parse(JSON.parse(message));
      const sessionId = command.type === 'removeUser' ? undefined : command.sessionId;
      if (atMs === undefined) logger.info({ command: command.type, sessionId }, 'command of the api');
      await obey(command, atMs);
    } catch (error) {
      logger.warn({ err: error }, 'a command could not be obeyed');
    }
  }
}
