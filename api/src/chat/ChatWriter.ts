import { AppError } from '@maydan/common';
import type { ChatRepo, NewChatMessage, Stored } from './chat.repo.ts';

interface Waiting {
  readonly message: NewChatMessage;
  readonly resolve: (stored: Stored | null) => void;
  readonly reject: (error: unknown) => void;
}

/** Messages of one session that wait at this process at most, and that one statement stores. */
const maxWaiting = 2_000;
const maxTogether = 200;

/**
 * Stores the messages of a session in their order. While one statement runs, what comes meanwhile gathers for the next: a
 * crowd's messages cost one statement for many, a single one waits for nothing.
 */
export class ChatWriter {
  readonly #repo: Pick<ChatRepo, 'insert'>;
  /** By session; there while a statement runs. */
  readonly #lines = new Map<string, Waiting[]>();

  constructor(repo: Pick<ChatRepo, 'insert'>) {
    this.#repo = repo;
  }

  /** Null when its sender's `tempId` was used before, or they were banned or muted meanwhile. Throws `overloaded` when too many wait. */
  store(message: NewChatMessage): Promise<Stored | null> {
    const { sessionId } = message;
    const line = this.#lines.get(sessionId);
    if (line !== undefined && line.length >= maxWaiting) throw new AppError('overloaded');
    return new Promise((resolve, reject) => {
      const waiting = { message, resolve, reject };
      if (line !== undefined) return void line.push(waiting);
      this.#lines.set(sessionId, [waiting]);
      void this.#run(sessionId);
    });
  }

  async #run(sessionId: string): Promise<void> {
    const line = this.#lines.get(sessionId) ?? [];
    while (line.length > 0) await this.#storeSome(sessionId, take(line));
    this.#lines.delete(sessionId);
  }

  async #storeSome(sessionId: string, some: readonly Waiting[]): Promise<void> {
    try {
      const stored = await this.#repo.insert(
        sessionId,
        some.map(({ message }) => message),
      );
      for (const { message, resolve } of some) resolve(stored.get(message.id) ?? null);
    } catch (error) {
      for (const { reject } of some) reject(error);
    }
  }
}

/** The next ones; of two that are the same message the second waits, so that it finds the first stored. */
function take(line: Waiting[]): Waiting[] {
  const taken: Waiting[] = [];
  const known = new Set<string>();
  while (taken.length < maxTogether && line[0] !== undefined) {
    const { senderId, tempId } = line[0].message;
    if (known.has(`${senderId} ${tempId}`)) break;
    known.add(`${senderId} ${tempId}`);
    taken.push(line[0]);
    line.shift();
  }
  return taken;
}
