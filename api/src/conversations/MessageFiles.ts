import type { Conversation, Media, Message, MessageKind } from '@maydan/contracts';
import type { DatabaseTransaction } from '@maydan/prisma';
import type { Attachments } from '../media/Attachments.ts';
import { addMessageMedia, takeMessageMedia, type MessageMediaRepo } from './messageMedia.repo.ts';
import type { WithMessage } from './messages.repo.ts';
import {
  seenAbove,
  toConversation,
  toMessage,
  type ConversationRow,
  type FilesByMessage,
  type MessageRow,
} from './rows.ts';

/** Messages with their files: what a page of them has is looked up by one query, and by none where there are no files. */
export class MessageFiles {
  readonly #repo: MessageMediaRepo;
  readonly #attachments: Attachments;

  constructor(repo: MessageMediaRepo, attachments: Attachments) {
    this.#repo = repo;
    this.#attachments = attachments;
  }

  /** As somebody sees them who sees messages above `fromSeq`. */
  async messages(rows: readonly MessageRow[], fromSeq: number): Promise<Message[]> {
    const files = await this.#filesOf(rows);
    return rows.map((row) => seenAbove(fromSeq, toMessage(row, files)));
  }

  async message(row: MessageRow): Promise<Message> {
    return toMessage(row, await this.#filesOf([row]));
  }

  /** With their last messages. */
  async conversations(rows: readonly ConversationRow[]): Promise<Conversation[]> {
    const files = await this.#filesOf(rows.flatMap((row) => (row.messageId === null ? [] : [row])));
    return rows.map((row) => toConversation(row, files));
  }

  async conversation(row: ConversationRow): Promise<Conversation> {
    const files = row.messageId === null ? new Map<string, Media[]>() : await this.#filesOf([row]);
    return toConversation(row, files);
  }

  /** What a message with these files is. Of those that aren't there nothing is known: it is refused when it is stored. */
  async kindOf(mediaIds: readonly string[]): Promise<MessageKind> {
    if (mediaIds.length === 0) return 'text';
    const kinds = new Set([...(await this.#attachments.view(mediaIds)).values()].map(({ kind }) => kind));
    const [kind = 'file'] = kinds;
    return kinds.size > 1 ? 'file' : kind;
  }

  /** For a new message of somebody; undefined without files. Throws `conflict` for files that can't be sent by them. */
  attach(userId: string, mediaIds: readonly string[]): WithMessage | undefined {
    return this.#attach(mediaIds, (transaction) => this.#attachments.attach(userId, mediaIds, transaction));
  }

  /** For a forwarded message; undefined without files. Throws `conflict` for files that went meanwhile. */
  share(mediaIds: readonly string[]): WithMessage | undefined {
    return this.#attach(mediaIds, (transaction) => this.#attachments.share(mediaIds, transaction));
  }

  /** For a message that is being deleted; undefined for one that never had files. */
  detach({ messageKind }: Pick<MessageRow, 'messageKind'>): WithMessage | undefined {
    if (messageKind === 'text') return undefined;
    return async (transaction, messageId) =>
      this.#attachments.release(await takeMessageMedia(transaction, messageId), transaction);
  }

  #attach(
    mediaIds: readonly string[],
    use: (transaction: DatabaseTransaction) => Promise<void>,
  ): WithMessage | undefined {
    if (mediaIds.length === 0) return undefined;
    return async (transaction, messageId) => {
      await use(transaction);
      await addMessageMedia(transaction, messageId, mediaIds);
    };
  }

  async #filesOf(rows: readonly MessageRow[]): Promise<FilesByMessage> {
    const ids = [...new Set(rows.flatMap(withFiles))];
    const files = new Map<string, Media[]>();
    if (ids.length === 0) return files;
    for (const { messageId, ...row } of await this.#repo.ofMessages(ids)) {
      files.set(messageId, [...(files.get(messageId) ?? []), ...this.#attachments.viewOf(row)]);
    }
    return files;
  }
}

/** The ids of those of a message and what it answers that may have files. */
function withFiles(row: MessageRow): string[] {
  const own = row.messageKind !== 'text' && row.messageDeletedAt === null;
  const answered = row.replyKind !== 'text' && row.replyDeletedAt === null;
  return [...(own ? [row.messageId] : []), ...(answered && row.replyId !== null ? [row.replyId] : [])];
}
