import { AppError, type Logger } from '@maydan/common';
import { foldText, type Conversation, type ConversationKind, type ConversationPage } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { PageInput } from '../people/listed.ts';
import { decodeCursor, pageOf } from '../sessions/cursor.ts';
import type { ConversationAnnouncer } from './ConversationAnnouncer.ts';
import type { ConversationsRepo, Place } from './conversations.repo.ts';
import type { MessageFiles } from './MessageFiles.ts';
import { maxMemberships } from './reach.ts';

export interface ConversationsDependencies {
  readonly repo: ConversationsRepo;
  readonly files: MessageFiles;
  readonly announcer: ConversationAnnouncer;
  readonly limits: RateLimits;
  readonly logger: Logger;
}

/** What is undefined stays as it is; a picture of null is taken away. */
export interface SettingsChange {
  readonly id: string;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly avatarMediaId?: string | null | undefined;
}

export interface NewGroup {
  readonly kind: Exclude<ConversationKind, 'direct'>;
  readonly name: string;
  readonly description: string;
  readonly memberIds: readonly string[];
}

/**
 * Conversations as wholes (feature C1). What somebody isn't in is `not_found`, but for public channels. A conversation
 * between two people stays in their lists when one blocks the other; nothing new is written in it.
 */
export class ConversationsService {
  readonly #deps: ConversationsDependencies;

  constructor(dependencies: ConversationsDependencies) {
    this.#deps = dependencies;
  }

  /** Throws `not_found`. */
  async get(user: User, id: string): Promise<Conversation> {
    const row = await this.#deps.repo.find(user.id, id);
    if (row === null) throw new AppError('not_found');
    return this.#deps.files.conversation(row);
  }

  /** The most lately active first; one that becomes active meanwhile moves up, away from later pages. */
  async list(user: User, input: PageInput): Promise<ConversationPage> {
    const after = input.cursor === undefined ? null : decodeCursor(input.cursor);
    const rows = await this.#deps.repo.list(user.id, { after, take: input.limit + 1 });
    const { page, nextCursor } = pageOf(rows, input.limit, ({ activeAt, id }) => ({ at: activeAt, id }));
    return { items: await this.#deps.files.conversations(page), nextCursor };
  }

  /**
   * The one conversation with somebody. Throws `not_found`, also where a block lies between the two, `messages_refused`
   * when there is none yet and the other doesn't let them begin one, and `conflict` for oneself.
   */
  async direct(user: User, otherId: string): Promise<Conversation> {
    await this.#begin(user);
    if (otherId === user.id) throw new AppError('conflict', 'You can not write to yourself.');
    const outcome = await this.#deps.repo.direct(user.id, otherId);
    if ('refusal' in outcome) {
      throw new AppError(outcome.refusal === 'hidden' ? 'not_found' : 'messages_refused');
    }
    const conversation = await this.get(user, outcome.id);
    if (outcome.made)
      await this.#deps.announcer.tellUsers([user.id], 'conversation:created', { conversation });
    return conversation;
  }

  /** Throws as `direct` does, for each of the members. */
  async create(user: User, input: NewGroup): Promise<Conversation> {
    await this.#begin(user);
    const { kind, name, description } = input;
    const others = [...new Set(input.memberIds)].filter((id) => id !== user.id);
    const data = { kind, name, description, nameKey: keyOf(kind, name) };
    const id = await this.#deps.repo.create(user.id, others, data);
    this.#deps.logger.info({ userId: user.id, conversationId: id, kind }, 'conversation made');
    const conversation = await this.get(user, id);
    await this.#deps.announcer.tellUsers([user.id, ...others], 'conversation:created', { conversation });
    return conversation;
  }

  /** Throws `not_found`, `forbidden` for who isn't its owner or admin, `conflict` for a direct one and a picture that can't be used. */
  async update(
    user: User,
    { id, name, description, avatarMediaId: mediaId }: SettingsChange,
  ): Promise<Conversation> {
    await this.#deps.limits.conversations(user.id);
    const { kind, role } = await this.#place(user, id);
    if (kind === 'direct') throw new AppError('conflict', 'A direct conversation has no settings.');
    if (role !== 'owner' && role !== 'admin') throw new AppError('forbidden');
    await this.#deps.repo.update(id, {
      ...(name === undefined ? {} : { name, nameKey: keyOf(kind, name) }),
      ...(description === undefined ? {} : { description }),
      ...(mediaId === undefined ? {} : { avatar: { ownerId: user.id, mediaId } }),
    });
    const conversation = await this.get(user, id);
    await this.#deps.announcer.tell(id, 'conversation:updated', { conversation });
    return conversation;
  }

  /** Throws `not_found`, and `forbidden` for who doesn't own it. A direct one is only taken out of one's own view. */
  async delete(user: User, id: string): Promise<void> {
    const { repo, announcer, limits, logger } = this.#deps;
    await limits.conversations(user.id);
    const { kind, role } = await this.#place(user, id);
    if (kind === 'direct') {
      await repo.clear(id, user.id);
      return announcer.tellUsers([user.id], 'conversation:deleted', { conversationId: id });
    }
    if (role !== 'owner') throw new AppError('forbidden');
    if (!(await repo.delete(id, new Date()))) return;
    logger.info({ userId: user.id, conversationId: id }, 'conversation deleted');
    await announcer.deleted(id);
  }

  /** Between people of whom one blocks the other nothing is told any more. */
  async part(userId: string, otherId: string): Promise<void> {
    const id = await this.#deps.repo.findDirect(userId, otherId);
    if (id !== null) await this.#deps.announcer.part(id, otherId);
  }

  async #begin(user: User): Promise<void> {
    await this.#deps.limits.conversations(user.id);
    if ((await this.#deps.repo.countOf(user.id)) < maxMemberships) return;
    throw new AppError('conflict', `You are in ${maxMemberships} conversations; leave one first.`);
  }

  async #place(user: User, id: string): Promise<Place> {
    const place = await this.#deps.repo.place(user.id, id);
    if (place === null) throw new AppError('not_found');
    return place;
  }
}

function keyOf(kind: ConversationKind, name: string): string | null {
  return kind === 'publicChannel' ? foldText(name) : null;
}
