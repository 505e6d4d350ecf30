import { AppError, type Logger } from '@maydan/common';
import type { HistoryPage, Message, MessageSend, PublicUser, ReadOutput } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { ConversationAnnouncer } from './ConversationAnnouncer.ts';
import type { MessageFiles } from './MessageFiles.ts';
import type { Bounds, MessagesRepo, SeenMessage, Standing, WithMessage } from './messages.repo.ts';
import { seenAbove, type MessageRow } from './rows.ts';
import { decodeSeqCursor, encodeSeqCursor, rangeOf, type SeqRange } from './seqCursor.ts';
import type { NewMessage } from './storing.repo.ts';

export interface MessagesDependencies {
  readonly repo: MessagesRepo;
  readonly files: MessageFiles;
  readonly announcer: ConversationAnnouncer;
  /** A notification was read with its conversation. */
  readonly noticed: (user: User, notificationId: string) => Promise<void>;
  readonly limits: RateLimits;
  readonly logger: Logger;
}

export interface HistoryWish {
  readonly id: string;
  readonly cursor?: string | undefined;
  readonly around?: string | undefined;
  readonly limit: number;
}

/**
 * What is written in conversations (feature C2). What somebody may not see is `not_found`. Where a block lies between the
 * two of a direct conversation, nothing is written or changed by either (`messages_refused`), but own messages can be deleted.
 * In groups people who block each other read each other, as everybody else does.
 */
export class MessagesService {
  readonly #deps: MessagesDependencies;

  constructor(dependencies: MessagesDependencies) {
    this.#deps = dependencies;
  }

  /**
   * Stores a message once for each `tempId` of its sender, whatever node it comes to and how often: the same message is
   * the answer again, as it stands now. Throws `not_found`, `messages_refused`, and `conflict` for a `tempId` of another
   * conversation and for files that aren't the user's own, ready, for messages, and in no message yet.
   */
  async send(user: User, message: MessageSend): Promise<Message> {
    await this.#deps.limits.messages(user.id);
    return this.sendCounted(user, message);
  }

  /** The same for one that is counted already, as those over sockets are (`RateLimits.socketMessage`). */
  async sendCounted(user: User, { id, tempId, text, mediaIds, replyTo }: MessageSend): Promise<Message> {
    const { files } = this.#deps;
    const kind = await files.kindOf(mediaIds);
    const wish = { conversationId: id, tempId, kind, text, replyTo: replyTo ?? null, forwarded: false };
    return this.#store(user, wish, files.attach(user.id, mediaIds));
  }

  /** With its files. Throws as `send` does, and `conflict` for a message that was deleted or has nothing left. */
  async forward(user: User, wish: { id: string; conversationId: string; tempId: string }): Promise<Message> {
    const { files, limits } = this.#deps;
    await limits.messages(user.id);
    const { text, media, deletedAt } = await this.get(user, wish.id);
    if (deletedAt !== null) throw new AppError('conflict', 'The message was deleted.');
    if (text === '' && media.length === 0)
      throw new AppError('conflict', 'Its files are not there any more.');
    const mediaIds = media.map(({ id }) => id);
    const kind = await files.kindOf(mediaIds);
    const { conversationId, tempId } = wish;
    const message = { conversationId, tempId, kind, text, replyTo: null, forwarded: true };
    return this.#store(user, message, files.share(mediaIds));
  }

  /** Throws `not_found`. */
  async get(user: User, id: string): Promise<Message> {
    return this.#shown(await this.#seen(user, id));
  }

  /** Throws `not_found`, for a message around which nothing is seen, too. */
  async history(user: User, { id, cursor, around, limit }: HistoryWish): Promise<HistoryPage> {
    const { repo } = this.#deps;
    const wish = cursor === undefined ? null : decodeSeqCursor(cursor);
    if (around === undefined && wish?.way !== 'newer') {
      const below = await repo.below(user.id, id, wish?.seq ?? null, limit);
      if (below === null) throw new AppError('not_found');
      return this.#page(below.rows, rangeOf(wish, limit, below.bounds), below.bounds);
    }
    const standing = await this.#standing(user, id);
    const middle = around === undefined ? null : await this.#seen(user, around);
    if (middle !== null && middle.conversationId !== id) throw new AppError('not_found');
    const range = rangeOf(middle === null ? wish : { around: middle.seq }, limit, standing);
    const rows = range.first > range.last ? [] : await repo.range(id, range);
    return this.#page(rows, range, standing);
  }

  /**
   * Throws `not_found`, `forbidden` for other people's, `conflict` for a deleted one, `messages_refused`, and
   * `validation_failed` when it would have neither text nor files.
   */
  async edit(user: User, id: string, text: string): Promise<Message> {
    await this.#deps.limits.messages(user.id);
    const found = await this.#seen(user, id);
    if (found.senderId !== user.id) throw new AppError('forbidden');
    if (found.cut) throw new AppError('messages_refused');
    if (text === '' && found.messageKind === 'text')
      throw new AppError('validation_failed', undefined, [{ path: 'text', message: 'Shows nothing.' }]);
    const isSame = found.messageDeletedAt === null && found.text === text;
    if (isSame) return this.#shown(found);
    if (await this.#deps.repo.edit(found, user.id, text)) return this.#changed(user, id);
    const { cut } = await this.#seen(user, id);
    if (cut) throw new AppError('messages_refused');
    throw new AppError('conflict', 'The message was deleted.');
  }

  /** Its text and its files are gone for all, its place stays. May be repeated. Throws `not_found`, and `forbidden` for other people's. */
  async delete(user: User, id: string): Promise<Message> {
    await this.#deps.limits.messages(user.id);
    const found = await this.#seen(user, id);
    const leads = found.conversationKind !== 'direct' && found.role !== 'member';
    if (found.senderId !== user.id && !leads) throw new AppError('forbidden');
    const { repo, files } = this.#deps;
    return (await repo.delete(id, files.detach(found))) ? this.#changed(user, id) : this.get(user, id);
  }

  /** Whose a message is, for moderators, who need not be in its conversation; null: nobody's any more. Throws `not_found`. */
  async senderOf(id: string): Promise<string | null> {
    const found = await this.#deps.repo.find(id);
    if (found === null) throw new AppError('not_found');
    return found.senderId;
  }

  /** For a moderator, as `delete` does; `also` is written with it. All who are in the conversation are told. Throws `not_found`. */
  async deleteBy(id: string, also: WithMessage): Promise<void> {
    const { repo, files, announcer } = this.#deps;
    const found = await repo.find(id);
    if (found === null) throw new AppError('not_found');
    const detach = files.detach(found);
    const isDeleted = await repo.delete(id, async (transaction) => {
      await also(transaction, id);
      await detach?.(transaction, id);
    });
    const row = isDeleted ? await repo.find(id) : null;
    if (row !== null) await announcer.changed(await files.message(row));
  }

  /** Moves one's marker forwards, never back; throws `not_found`. */
  async read(user: User, id: string, seq: number): Promise<ReadOutput> {
    await this.#deps.limits.reads(user.id);
    const moved = await this.#deps.repo.read(user.id, id, seq);
    const notificationId = moved?.notificationId ?? null;
    if (notificationId !== null) await this.#deps.noticed(user, notificationId);
    const { lastReadSeq, fromSeq, lastSeq, conversationKind, cut } = await this.#standing(user, id);
    const kind = { conversationKind: cut ? ('publicChannel' as const) : conversationKind };
    if (moved !== null)
      await this.#deps.announcer.read(kind, { conversationId: id, userId: user.id, lastReadSeq });
    return { lastReadSeq, unread: Math.max(0, lastSeq - Math.max(lastReadSeq, fromSeq)) };
  }

  /** Who has read it, but for its sender. Throws `not_found`, and `forbidden` in a public channel. */
  async readers(user: User, id: string): Promise<PublicUser[]> {
    const found = await this.#seen(user, id);
    if (found.conversationKind === 'publicChannel') throw new AppError('forbidden');
    return this.#deps.repo.readers(found, user);
  }

  /** Throws `not_found` for who isn't in the conversation, and `messages_refused` past a block. */
  async requireWriter(userId: string, conversationId: string): Promise<void> {
    const standing = await this.#deps.repo.standing(userId, conversationId);
    if (standing === null) throw new AppError('not_found');
    if (standing.cut) throw new AppError('messages_refused');
  }

  /** How it stands after a change, which is told. */
  async #changed(user: User, id: string): Promise<Message> {
    const seen = await this.#seen(user, id);
    const message = await this.#deps.files.message(seen);
    const shown = seenAbove(seen.fromSeq, message);
    if (seen.cut) await this.#deps.announcer.changedFor(user.id, shown);
    else await this.#deps.announcer.changed(message);
    return shown;
  }

  async #store(
    user: User,
    wish: Omit<NewMessage, 'senderId'>,
    attach: WithMessage | undefined,
  ): Promise<Message> {
    const { announcer, files, repo } = this.#deps;
    const stored = await repo.insert({ ...wish, senderId: user.id }, attach);
    if (stored === null || stored === 'duplicate') return this.#sentBefore(user, wish);
    const message = await files.message(stored);
    await announcer.sent(message, stored);
    return message;
  }

  /** Nothing new was stored: it was sent before, or may not be sent. */
  async #sentBefore(user: User, wish: Omit<NewMessage, 'senderId'>): Promise<Message> {
    const { conversationId: id, tempId, replyTo } = wish;
    const sent = await this.#deps.repo.findSent(user.id, tempId);
    if (sent !== null && sent.conversationId === id) return this.#shown(sent);
    if (sent !== null) throw new AppError('conflict', 'This tempId was used in another conversation.');
    const { cut } = await this.#standing(user, id);
    if (cut) throw new AppError('messages_refused');
    if (replyTo === null) throw new AppError('unavailable', 'The conversation changed meanwhile.');
    throw new AppError('not_found', 'The message that this one answers is not there.');
  }

  async #page(
    rows: readonly MessageRow[],
    { first, last }: SeqRange,
    { fromSeq }: Bounds,
  ): Promise<HistoryPage> {
    return {
      items: await this.#deps.files.messages(rows, fromSeq),
      nextCursor: first > fromSeq + 1 ? encodeSeqCursor({ way: 'older', seq: first }) : null,
      previousCursor: encodeSeqCursor({ way: 'newer', seq: last }),
    };
  }

  /** As somebody sees it who sees messages above `fromSeq`. */
  async #shown(row: MessageRow & { readonly fromSeq: number }): Promise<Message> {
    return seenAbove(row.fromSeq, await this.#deps.files.message(row));
  }

  async #seen(user: User, id: string): Promise<SeenMessage> {
    const row = await this.#deps.repo.findSeen(user.id, id);
    if (row === null) throw new AppError('not_found');
    return row;
  }

  async #standing(user: User, id: string): Promise<Standing> {
    const standing = await this.#deps.repo.standing(user.id, id);
    if (standing === null) throw new AppError('not_found');
    return standing;
  }
}
