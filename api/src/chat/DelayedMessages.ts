import type { Logger } from '@maydan/common';
import type { ChatMessage } from '@maydan/contracts';
import type { SessionRoom } from '../realtime/SessionRoom.ts';
import type { ChatRepo } from './chat.repo.ts';

/** Messages that wait at this process at most; what comes beyond them is told at once. */
const mostWaiting = 5_000;
/** That there are too many is logged so often. */
const warnMs = 60_000;

/**
 * Messages that viewers are told some seconds after the host and moderators. One that was deleted meanwhile is not told.
 * Where a process ends, viewers find its messages in the history.
 */
export class DelayedMessages {
  readonly #room: Pick<SessionRoom, 'emit'>;
  readonly #repo: Pick<ChatRepo, 'find'>;
  readonly #logger: Logger;
  readonly #maxWaiting: number;
  readonly #timers = new Set<NodeJS.Timeout>();
  #warnedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    room: Pick<SessionRoom, 'emit'>,
    repo: Pick<ChatRepo, 'find'>,
    logger: Logger,
    maxWaiting = mostWaiting,
  ) {
    this.#room = room;
    this.#repo = repo;
    this.#logger = logger;
    this.#maxWaiting = maxWaiting;
  }

  add(sessionId: string, message: ChatMessage, delaySec: number): void {
    if (this.#timers.size >= this.#maxWaiting) return this.#tellEarly(sessionId, message);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#tell(sessionId, message).catch((error: unknown) =>
        this.#logger.warn({ err: error, sessionId }, 'a delayed message was not told'),
      );
    }, delaySec * 1_000);
    this.#timers.add(timer);
  }

  close(): void {
    const count = this.#timers.size;
    if (count > 0) this.#logger.info({ count }, 'delayed messages were not told, and are in the history');
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Nothing is dropped: who sees it too early is better off than who never does. */
  #tellEarly(sessionId: string, message: ChatMessage): void {
    this.#room.emit(sessionId, { type: 'message', message }, 'viewers');
    const nowMs = performance.now();
    if (nowMs - this.#warnedAtMs < warnMs) return;
    this.#warnedAtMs = nowMs;
    this.#logger.warn({ sessionId, maxWaiting: this.#maxWaiting }, 'too many messages wait: told at once');
  }

  async #tell(sessionId: string, message: ChatMessage): Promise<void> {
    const found = await this.#repo.find(sessionId, message.id);
    if (found?.deletedAt === null) this.#room.emit(sessionId, { type: 'message', message }, 'viewers');
  }
}
