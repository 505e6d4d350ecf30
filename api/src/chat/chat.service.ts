import { AppError } from '@maydan/common';
import {
  maxPins,
  type ChatHistory,
  type ChatMessage,
  type ChatRules,
  type ChatState,
} from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import { actorOf, audited, type Act, type Also } from '../audit/audit.repo.ts';
import { decodeSeqCursor, encodeSeqCursor } from '../conversations/seqCursor.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { Traces } from '../moderation/traces/Traces.ts';
import type { Viewer } from '../people/blocks.repo.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import { rooms } from '../realtime/rooms.ts';
import type { SessionRoom } from '../realtime/SessionRoom.ts';
import type { SessionRow } from '../sessions/sessions.repo.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import { requireWords } from './BannedWordLists.ts';
import type { ChatRepo, ChatRow, Reader } from './chat.repo.ts';
import { chatRoleOf, toChatMessage, toSettings } from './chatViews.ts';

export interface ChatDependencies {
  readonly repo: ChatRepo;
  readonly sessions: Pick<SessionsService, 'findVisible' | 'findModerated'>;
  readonly room: SessionRoom;
  readonly traces: Pick<Traces, 'banHere'>;
  readonly emitter: Emitter;
  readonly limits: RateLimits;
}

export interface ChatHistoryWish {
  readonly id: string;
  readonly cursor?: string | undefined;
  readonly after?: number | undefined;
  readonly limit: number;
}

const maxSeq = 2_147_483_647;
const newest = { limit: 50 };
/** The host and moderators see and do everything. */
const isStaff = (user: NonNullable<Viewer>, session: Pick<SessionRow, 'hostId'>): boolean =>
  user.id === session.hostId || user.role !== 'user';

/**
 * The chat of a session, but for writing in it (feature G1). Whoever may see the session reads it, guests too; who was banned
 * from the session doesn't (`chat_banned`).
 */
export class ChatService {
  readonly #deps: ChatDependencies;

  constructor(dependencies: ChatDependencies) {
    this.#deps = dependencies;
  }

  /** Lets somebody in: with the host and moderators, or with the viewers. Throws `not_found` and `chat_banned`. */
  async enter(user: Viewer, sessionId: string): Promise<{ session: SessionRow; half: 'staff' | 'chat' }> {
    const session = await this.#deps.sessions.findVisible(user, sessionId);
    if (user === null) {
      if ((await this.#deps.traces.banHere(sessionId)) !== null) throw new AppError('chat_banned');
      return { session, half: 'chat' };
    }
    if (isStaff(user, session)) return { session, half: 'staff' };
    const { isBanned, isModerator } = await this.#deps.repo.place(session, user.id);
    if (isBanned) throw new AppError('chat_banned');
    return { session, half: isModerator ? 'staff' : 'chat' };
  }

  /** Throws `not_found` and `chat_banned`. */
  async state(user: Viewer, sessionId: string): Promise<ChatState> {
    const { session, half } = await this.enter(user, sessionId);
    const rules = await this.#deps.repo.rules(sessionId);
    const reader = readerOf(user, half, rules);
    const [pins, history] = await Promise.all([
      this.#deps.repo.pins(sessionId, reader),
      this.#page(sessionId, newest, reader),
    ]);
    const role =
      user === null
        ? null
        : chatRoleOf(user, session.hostId, { onStage: false, moderator: half === 'staff' });
    return { settings: toSettings(rules), pins: pins.map(toChatMessage), history, role };
  }

  /** Throws `not_found` and `chat_banned`. */
  async history(user: Viewer, wish: ChatHistoryWish): Promise<ChatHistory> {
    const { half } = await this.enter(user, wish.id);
    return this.#page(wish.id, wish, readerOf(user, half, await this.#deps.repo.rules(wish.id)));
  }

  /**
   * Its text is gone for all, its place stays. May be repeated. Throws `not_found`, and `forbidden` for other people's; room
   * moderators delete neither the host's nor other moderators'.
   */
  async delete(user: User, sessionId: string, id: string): Promise<ChatMessage> {
    const { repo, room, limits } = this.#deps;
    await limits.chat(user.id);
    const { session, half } = await this.enter(user, sessionId);
    const found = await this.#find(sessionId, id);
    const isOwn = found.senderId === user.id;
    if (half !== 'staff' && !isOwn) throw new AppError('forbidden');
    const actor = actorOf(user, session.hostId);
    if (!isOwn && actor.role === 'roomModerator' && isAbove(found.role)) throw new AppError('forbidden');
    const also = audited({
      ...{ actor, action: 'chat.messageDeleted', userId: found.senderId },
      ...{ target: { kind: 'chatMessage', id }, details: { sessionId, seq: found.seq } },
    });
    if (await repo.delete(id, user.id, isOwn ? undefined : also)) {
      room.emit(sessionId, { type: 'messageDeleted', id, seq: found.seq });
      if (found.isPinned) await this.#tellPins(sessionId);
    }
    return toChatMessage(await this.#find(sessionId, id));
  }

  /** Throws `not_found`, `forbidden`, and `conflict` when as many are pinned as can be. Again it changes nothing. */
  async pin(user: User, sessionId: string, id: string): Promise<ChatMessage[]> {
    const session = await this.#steer(user, sessionId);
    const also = asModerator(user, session, { action: 'chat.messagePinned', messageId: id });
    const outcome = await this.#deps.repo.pin(sessionId, id, maxPins, also);
    if (outcome === 'gone') throw new AppError('not_found');
    if (outcome === 'full')
      throw new AppError('conflict', `${maxPins} messages are pinned; unpin one first.`);
    return this.#tellPins(sessionId);
  }

  /** Again it changes nothing. */
  async unpin(user: User, sessionId: string, id: string): Promise<ChatMessage[]> {
    const session = await this.#steer(user, sessionId);
    const also = asModerator(user, session, { action: 'chat.messageUnpinned', messageId: id });
    await this.#deps.repo.unpin(sessionId, id, also);
    return this.#tellPins(sessionId);
  }

  /** With the banned words. Throws `not_found` and `forbidden`. */
  async rules(user: User, sessionId: string): Promise<ChatRules> {
    await this.#deps.sessions.findModerated(user, sessionId);
    return this.#deps.repo.rules(sessionId);
  }

  /** Throws `not_found` and `forbidden`. */
  async setRules(user: User, { id, ...changes }: Partial<ChatRules> & { id: string }): Promise<ChatRules> {
    const session = await this.#steer(user, id);
    requireWords(changes.bannedWords ?? []);
    const details = { rules: Object.keys(changes).join(' ') };
    const also = asModerator(user, session, { action: 'chat.rulesChanged', details });
    const rules = await this.#deps.repo.setRules(id, changes, also);
    this.#deps.room.emit(id, { type: 'settings', settings: toSettings(rules) });
    return rules;
  }

  /** Somebody was banned from a session: out of its chat at once, with what they wrote. */
  async banned(sessionId: string, userId: string, byId: string | null): Promise<void> {
    const { repo, room } = this.#deps;
    await this.putOut(sessionId, userId, 'chat_banned');
    if ((await repo.deleteOf(sessionId, userId, byId)) === 0) return;
    room.emit(sessionId, { type: 'senderDeleted', userId });
    await this.#tellPins(sessionId);
  }

  /** Out of the chat at once, on all devices; it may be joined again by who is let in. */
  async putOut(sessionId: string, userId: string, code: 'chat_banned' | 'chat_kicked'): Promise<void> {
    const { emitter } = this.#deps;
    await emitter.emit(rooms.user(userId), 'chat:closed', { sessionId, code });
    for (const half of [rooms.chat(sessionId), rooms.staff(sessionId)])
      await emitter.remove(rooms.user(userId), half);
  }

  async #steer(user: User, sessionId: string): Promise<SessionRow> {
    await this.#deps.limits.chat(user.id);
    return this.#deps.sessions.findModerated(user, sessionId);
  }

  async #find(sessionId: string, id: string): Promise<ChatRow> {
    const found = await this.#deps.repo.find(sessionId, id);
    if (found === null) throw new AppError('not_found');
    return found;
  }

  async #tellPins(sessionId: string): Promise<ChatMessage[]> {
    const pins = (await this.#deps.repo.pins(sessionId, { viewer: null, delaySec: 0 })).map(toChatMessage);
    this.#deps.room.emit(sessionId, { type: 'pins', pins });
    return pins;
  }

  async #page(sessionId: string, wish: Omit<ChatHistoryWish, 'id'>, reader: Reader): Promise<ChatHistory> {
    const cursor = wish.cursor === undefined ? null : decodeSeqCursor(wish.cursor);
    const after = wish.after ?? (cursor?.way === 'newer' ? cursor.seq : null);
    const position = after === null ? { before: cursor?.seq ?? maxSeq } : { after };
    const rows = await this.#deps.repo.page(sessionId, position, reader, wish.limit + 1);
    const page = rows.slice(0, wish.limit);
    const items = (after === null ? page : page.reverse()).map(toChatMessage);
    const [first, last] = [items[0]?.seq, items.at(-1)?.seq];
    // Read forwards, what is older than the page was there before; which reading backwards finds out.
    const hasOlder = after === null ? rows.length > wish.limit : after > 0;
    const oldest = last ?? (after ?? 0) + 1;
    return {
      items,
      nextCursor: hasOlder ? encodeSeqCursor({ way: 'older', seq: oldest }) : null,
      previousCursor: encodeSeqCursor({ way: 'newer', seq: first ?? after ?? 0 }),
    };
  }
}

const isAbove = (role: ChatMessage['role']): boolean => role === 'host' || role === 'moderator';

/** What somebody else than the host does with a host's chat is for the audit log. */
function asModerator(
  user: User,
  { id, hostId }: SessionRow,
  act: Pick<Act, 'action' | 'details'> & { readonly messageId?: string },
): Also | undefined {
  if (user.id === hostId) return undefined;
  const { messageId, action, details = { sessionId: id } } = act;
  const target: Act['target'] =
    messageId === undefined ? { kind: 'session', id } : { kind: 'chatMessage', id: messageId };
  return audited({ actor: actorOf(user, hostId), action, target, details });
}

function readerOf(viewer: Viewer, half: 'staff' | 'chat', { delaySec }: ChatRules): Reader {
  return { viewer, delaySec: half === 'staff' ? 0 : delaySec };
}
