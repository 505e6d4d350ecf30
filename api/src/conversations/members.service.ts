import { AppError } from '@maydan/common';
import {
  maxMembers,
  type ConversationKind,
  type ConversationMember,
  type MemberPage,
  type MemberRole,
} from '@maydan/contracts';
import type { DatabaseTransaction, User } from '@maydan/prisma';
import type { PageInput } from '../people/listed.ts';
import { decodeCursor, pageOf } from '../sessions/cursor.ts';
import type { ConversationsDependencies } from './conversations.service.ts';
import { insertMembers, type LockedConversation, type MembersRepo } from './members.repo.ts';
import { maxMemberships } from './reach.ts';
import { requireReach } from './reach.repo.ts';
import { toMember } from './rows.ts';

export interface MembersDependencies extends ConversationsDependencies {
  readonly members: MembersRepo;
}

/** Who is in a group or public channel, and as what (feature C1). Everything may be repeated. */
export class MembersService {
  readonly #deps: MembersDependencies;

  constructor(dependencies: MembersDependencies) {
    this.#deps = dependencies;
  }

  /** For its members; throws `not_found`. */
  async list(user: User, input: PageInput & { id: string }): Promise<MemberPage> {
    const place = await this.#deps.repo.place(user.id, input.id);
    if (place === null || place.role === null) throw new AppError('not_found');
    const after = input.cursor === undefined ? null : decodeCursor(input.cursor);
    const rows = await this.#deps.members.list(input.id, user, { after, take: input.limit + 1 });
    const { page, nextCursor } = pageOf(rows, input.limit, ({ joinedAt, userId }) => ({
      at: joinedAt,
      id: userId,
    }));
    return { items: page.map((row) => toMember(row, place.kind)), nextCursor };
  }

  /**
   * All of them or nobody; those who are in it stay as they are. Throws `forbidden` for who isn't owner or admin, and for
   * each of them as `checkReach` does; `conflict` when it is full.
   */
  async add(user: User, id: string, userIds: readonly string[]): Promise<ConversationMember[]> {
    const { limits, members } = this.#deps;
    await limits.conversations(user.id);
    const wanted = [...new Set(userIds)].filter((userId) => userId !== user.id);
    const { kind, added } = await this.#change(user, id, async (transaction, conversation) => {
      if (!leads(conversation.role)) throw new AppError('forbidden');
      await requireReach(transaction, user.id, wanted);
      const added = await insertMembers(transaction, id, conversation, wanted);
      checkRoom(conversation, added.length);
      await transaction.conversationRemoval.deleteMany({
        where: { conversationId: id, userId: { in: wanted } },
      });
      return { kind: conversation.kind, added };
    });
    const all = (await members.find(id, wanted)).map((row) => toMember(row, kind));
    await this.#joined(
      user,
      id,
      all.filter((one) => added.includes(one.user.id)),
    );
    return all;
  }

  /**
   * The owner removes anybody, an admin those who are neither; throws `forbidden` else. Who was removed from a public
   * channel comes back only when somebody adds them.
   */
  async remove(user: User, id: string, userId: string): Promise<void> {
    await this.#deps.limits.conversations(user.id);
    if (userId === user.id) return this.leave(user, id);
    const removed = await this.#change(user, id, async (transaction, { kind, role }) => {
      const key = { conversationId: id, userId };
      const place = await transaction.member.findUnique({ where: { conversationId_userId: key } });
      if (!leads(role) || (place !== null && !above(role, place.role))) throw new AppError('forbidden');
      await transaction.member.deleteMany({ where: key });
      if (kind === 'publicChannel' && place !== null) {
        await transaction.conversationRemoval.createMany({ data: key, skipDuplicates: true });
      }
      return place !== null;
    });
    if (removed) await this.#deps.announcer.left(id, userId);
  }

  /**
   * Into a public channel. Throws `forbidden` for who was removed from it, `conflict` when it is full or the user is in too
   * many conversations.
   */
  async join(user: User, id: string): Promise<void> {
    const { limits, repo, members } = this.#deps;
    await limits.conversations(user.id);
    if ((await repo.countOf(user.id)) >= maxMemberships) {
      throw new AppError('conflict', `You are in ${maxMemberships} conversations; leave one first.`);
    }
    const added = await this.#change(user, id, async (transaction, conversation) => {
      const key = { conversationId_userId: { conversationId: id, userId: user.id } };
      const removed = await transaction.conversationRemoval.findUnique({ where: key });
      if (removed !== null) throw new AppError('forbidden');
      const ids = await insertMembers(transaction, id, conversation, [user.id]);
      checkRoom(conversation, ids.length);
      return ids;
    });
    const rows = await members.find(id, added);
    await this.#joined(
      user,
      id,
      rows.map((row) => toMember(row, 'publicChannel')),
    );
  }

  /** An owner who leaves hands over to the admin, else the member, who is there longest; after the last one it is deleted. */
  async leave(user: User, id: string): Promise<void> {
    await this.#deps.limits.conversations(user.id);
    const kind = await this.#change(user, id, async (transaction, { kind, role }) => {
      if (role === null) throw new AppError('not_found');
      await transaction.member.deleteMany({ where: { conversationId: id, userId: user.id } });
      return role === 'owner' ? kind : null;
    });
    await this.#deps.announcer.left(id, user.id);
    if (kind !== null) await this.#heir(id, kind);
  }

  /** As the owner alone; throws `forbidden`, and `not_found` for who isn't in it. The owner's own role goes by handing over. */
  async setRole(user: User, id: string, userId: string, role: MemberRole): Promise<ConversationMember> {
    await this.#deps.limits.conversations(user.id);
    const kind = await this.#change(user, id, async (transaction, conversation) => {
      if (conversation.role !== 'owner') throw new AppError('forbidden');
      if (userId === user.id && role !== 'owner')
        throw new AppError('conflict', 'Hand the conversation over first.');
      const place = (of: string) => ({ conversationId: id, userId: of });
      const { count } = await transaction.member.updateMany({ where: place(userId), data: { role } });
      if (count === 0) throw new AppError('not_found');
      if (role === 'owner' && userId !== user.id) {
        await transaction.member.updateMany({ where: place(user.id), data: { role: 'admin' } });
      }
      return conversation.kind;
    });
    const rows = await this.#deps.members.find(id, role === 'owner' ? [userId, user.id] : [userId]);
    for (const row of rows) await this.#updated(id, toMember(row, kind));
    const changed = rows.find((row) => row.userId === userId);
    if (changed === undefined) throw new AppError('not_found');
    return toMember(changed, kind);
  }

  async #joined(user: User, id: string, members: readonly ConversationMember[]): Promise<void> {
    const row = await this.#deps.repo.find(user.id, id);
    if (row !== null) await this.#deps.announcer.joined(await this.#deps.files.conversation(row), members);
  }

  /** Tells who owns it after the owner left, if anybody does. */
  async #heir(id: string, kind: ConversationKind): Promise<void> {
    const owner = await this.#deps.members.owner(id);
    if (owner !== null) await this.#updated(id, toMember(owner, kind));
  }

  #updated(conversationId: string, member: ConversationMember): Promise<void> {
    return this.#deps.announcer.tell(conversationId, 'member:updated', { conversationId, member });
  }

  /** Throws `not_found` when the conversation isn't there for the user, and `conflict` for a direct one. */
  async #change<T>(user: User, id: string, change: Change<T>): Promise<T> {
    const { members } = this.#deps;
    const done = await members.change(id, user.id, async (transaction, conversation) => {
      if (conversation.role === null && conversation.kind !== 'publicChannel')
        throw new AppError('not_found');
      if (conversation.kind === 'direct')
        throw new AppError('conflict', 'Two people are in a direct conversation.');
      return { now: await change(transaction, conversation) };
    });
    if (done === null) throw new AppError('not_found');
    return done.now;
  }
}

type Change<T> = (transaction: DatabaseTransaction, conversation: LockedConversation) => Promise<T>;

const leads = (role: MemberRole | null): boolean => role === 'owner' || role === 'admin';

/** Whether somebody of the one role may put out somebody of the other. */
function above(role: MemberRole | null, other: MemberRole): boolean {
  return role === 'owner' || (role === 'admin' && other === 'member');
}

function checkRoom({ kind, memberCount }: LockedConversation, more: number): void {
  if (kind === 'direct' || memberCount + more <= maxMembers[kind]) return;
  throw new AppError('conflict', `There are ${maxMembers[kind]} people in it at most.`);
}
