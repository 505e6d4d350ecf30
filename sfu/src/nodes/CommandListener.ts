import type { Logger, Redis } from '@maydan/common';
import { sfuCommand, sfuCommandChannel } from '@maydan/contracts';
import type { SfuCommand } from '@maydan/contracts';

export interface CommandListenerOptions {
  /** A connection of its own: one that subscribes can't do anything else. */
  readonly subscriber: Redis;
  readonly obey: (command: SfuCommand) => Promise<void>;
  readonly logger: Logger;
}

/** Hears what the api tells all nodes of the sfu. */
export class CommandListener {
  readonly #options: CommandListenerOptions;

  /** Resolves once commands are heard. */
  static async create(options: CommandListenerOptions): Promise<CommandListener> {
    const listener = new CommandListener(options);
    await options.subscriber.subscribe(sfuCommandChannel);
    return listener;
  }

  private constructor(options: CommandListenerOptions) {
    this.#options = options;
    options.subscriber.on('message', (_channel, message) => void this.#hear(message));
  }

  close(): void {
    this.#options.subscriber.disconnect();
  }

  async #hear(message: string): Promise<void> {
    const { obey, logger } = this.#options;
    try {
      const command = sfuCommand.parse(JSON.parse(message));
      const sessionId = command.type === 'removeUser' ? undefined : command.sessionId;
      logger.info({ command: command.type, sessionId }, 'command of the api');
      await obey(command);
    } catch (error) {
      logger.warn({ err: error }, 'a command could not be obeyed');
    }
  }
}
