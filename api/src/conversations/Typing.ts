import { typingSec, type PublicUser } from '@maydan/contracts';
import type { ConversationAnnouncer } from './ConversationAnnouncer.ts';

interface Typist {
  readonly conversationId: string;
  readonly userId: string;
  /** The connection that said it last. */
  clientId: string;
  toldAtMs: number;
  timer: NodeJS.Timeout;
}

/** How often it is told at most that somebody still types. */
const againMs = (typingSec * 1000) / 2;

/** Who types at this process. Where a process dies, clients forget its people by the expiry that they were told. */
export class Typing {
  readonly #announcer: Pick<ConversationAnnouncer, 'tellOpen'>;
  readonly #typists = new Map<string, Typist>();

  constructor(announcer: Pick<ConversationAnnouncer, 'tellOpen'>) {
    this.#announcer = announcer;
  }

  /** Or still types. Whether they may is for the caller to know. */
  async started(
    conversationId: string,
    { id, username, displayName }: PublicUser,
    clientId: string,
  ): Promise<void> {
    const key = keyOf(conversationId, id);
    const found = this.#typists.get(key);
    const now = Date.now();
    const isNews = found === undefined || now - found.toldAtMs >= againMs;
    if (found !== undefined) clearTimeout(found.timer);
    const timer = setTimeout(() => void this.stopped(conversationId, id), typingSec * 1000);
    const toldAtMs = isNews ? now : found.toldAtMs;
    this.#typists.set(key, { conversationId, userId: id, clientId, toldAtMs, timer });
    if (!isNews) return;
    const user = { id, username, displayName };
    await this.#announcer.tellOpen(conversationId, 'typing:started', {
      conversationId,
      user,
      expiresInSec: typingSec,
    });
  }

  async stopped(conversationId: string, userId: string): Promise<void> {
    if (!this.wrote(conversationId, userId)) return;
    await this.#announcer.tellOpen(conversationId, 'typing:stopped', { conversationId, userId });
  }

  /** Nothing is told: the message says it. True when they had typed. */
  wrote(conversationId: string, userId: string): boolean {
    const key = keyOf(conversationId, userId);
    clearTimeout(this.#typists.get(key)?.timer);
    return this.#typists.delete(key);
  }

  /** A connection is gone, and whoever types with it does so no more. */
  async disconnected(clientId: string): Promise<void> {
    const gone = [...this.#typists.values()].filter((typist) => typist.clientId === clientId);
    for (const { conversationId, userId } of gone) await this.stopped(conversationId, userId);
  }

  close(): void {
    for (const { timer } of this.#typists.values()) clearTimeout(timer);
    this.#typists.clear();
  }
}

function keyOf(conversationId: string, userId: string): string {
  return `${conversationId} ${userId}`;
}
