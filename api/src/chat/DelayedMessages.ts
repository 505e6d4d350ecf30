import type { Logger } from '@maydan/common';
import type { ChatMessage } from '@maydan/contracts';
import type { SessionRoom } from '../realtime/SessionRoom.ts';
import type { ChatRepo } from './chat.repo.ts';

/** Messages that wait at this process at most; what comes beyond them isn't told live, and is in the history. */
const maxWaiting = 5_000;

/**
 * Messages that viewers are told some seconds after the host and moderators. One that was deleted meanwhile is not told.
 * Where a process dies, viewers find its messages in the history.
 */
export class DelayedMessages {
  readonly #room: Pick<SessionRoom, 'emit'>;
  readonly #repo: Pick<ChatRepo, 'find'>;
  readonly #logger: Logger;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(room: Pick<SessionRoom, 'emit'>, repo: Pick<ChatRepo, 'find'>, logger: Logger) {
    this.#room = room;
    this.#repo = repo;
    this.#logger = logger;
  }

  add(sessionId: string, message: ChatMessage, delaySec: number): void {
    if (this.#timers.size >= maxWaiting) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#tell(sessionId, message).catch((error: unknown) =>
        this.#logger.warn({ err: error, sessionId }, 'a delayed message was not told'),
      );
    }, delaySec * 1_000);
    this.#timers.add(timer);
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  async #tell(sessionId: string, message: ChatMessage): Promise<void> {
    const found = await this.#repo.find(sessionId, message.id);
    if (found?.deletedAt === null) this.#room.emit(sessionId, { type: 'message', message }, 'viewers');
  }
}
