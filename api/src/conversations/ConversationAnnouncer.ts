import type { Logger } from '@maydan/common';
import type {
  Conversation,
  ConversationMember,
  Message,
  ServerEventName,
  ServerEventPayload,
} from '@maydan/contracts';
import type { Emitter } from '../realtime/Emitter.ts';
import { rooms, type Room } from '../realtime/rooms.ts';
import type { Circle, MessagesRepo } from './messages.repo.ts';
import { seenAbove } from './rows.ts';

/** Tells members what happened in their conversations, after it has. Only a hint: when it fails, the change stands. */
export class ConversationAnnouncer {
  readonly #emitter: Emitter;
  readonly #repo: Pick<MessagesRepo, 'circle'>;
  readonly #logger: Logger;

  constructor(emitter: Emitter, repo: Pick<MessagesRepo, 'circle'>, logger: Logger) {
    this.#emitter = emitter;
    this.#repo = repo;
    this.#logger = logger;
  }

  /** A new message; `circle` is as it was when the message was stored. */
  sent(message: Message, circle: Circle): Promise<void> {
    return this.#message('message:created', message, circle);
  }

  /** A message was changed or deleted. */
  async changed(message: Message): Promise<void> {
    const circle = await this.#circle(message.conversationId, message.replyTo?.seq);
    if (circle !== null) await this.#message(changeOf(message), message, circle);
  }

  /** The same past a block, where only who did it hears of it. */
  changedFor(actorId: string, message: Message): Promise<void> {
    return this.#emitter.emit(rooms.user(actorId), changeOf(message), { message });
  }

  /** To all whom something in the conversation concerns, and some more. */
  async tell<E extends ServerEventName>(
    conversationId: string,
    event: E,
    payload: ServerEventPayload<E>,
    more: readonly string[] = [],
  ): Promise<void> {
    const circle = await this.#circle(conversationId);
    const others = more.map((id) => rooms.user(id));
    const all = new Set([...others, ...(circle === null ? [] : roomsOf(conversationId, circle))]);
    await this.#emitter.emit([...all], event, payload);
  }

  /** To some people's own connections. */
  tellUsers<E extends ServerEventName>(
    userIds: readonly string[],
    event: E,
    payload: ServerEventPayload<E>,
  ): Promise<void> {
    const all = userIds.map((id) => rooms.user(id));
    return this.#emitter.emit(all, event, payload);
  }

  /** To those who have the conversation open. */
  tellOpen<E extends ServerEventName>(
    conversationId: string,
    event: E,
    payload: ServerEventPayload<E>,
  ): Promise<void> {
    return this.#emitter.emit(rooms.conversation(conversationId), event, payload);
  }

  /** A read marker moved. */
  async read(
    { conversationKind }: Pick<Circle, 'conversationKind'>,
    payload: ServerEventPayload<'member:read'>,
  ): Promise<void> {
    const { conversationId, userId } = payload;
    if (conversationKind === 'direct') return this.tell(conversationId, 'member:read', payload);
    const open = conversationKind === 'group' ? [rooms.conversation(conversationId)] : [];
    await this.#emitter.emit([rooms.user(userId), ...open], 'member:read', payload);
  }

  /** People came: they learn of the conversation, the others of them. */
  async joined(conversation: Conversation, members: readonly ConversationMember[]): Promise<void> {
    if (members.length === 0) return;
    await this.tellUsers(
      members.map(({ user }) => user.id),
      'conversation:created',
      { conversation },
    );
    await this.tell(conversation.id, 'member:joined', {
      conversationId: conversation.id,
      members: [...members],
    });
  }

  /** Somebody went, or was put out: their connections hear nothing more. */
  async left(conversationId: string, userId: string): Promise<void> {
    await this.tell(conversationId, 'member:left', { conversationId, userId }, [userId]);
    await this.part(conversationId, userId);
  }

  /** Takes somebody's connections, at all nodes, out of the conversation. */
  part(conversationId: string, userId: string): Promise<void> {
    return this.#emitter.remove(rooms.user(userId), rooms.conversation(conversationId));
  }

  /** The conversation is there no more. */
  async deleted(conversationId: string): Promise<void> {
    await this.tell(conversationId, 'conversation:deleted', { conversationId });
    const room = rooms.conversation(conversationId);
    await this.#emitter.remove(room, room);
  }

  /** Those who came after what it answers was written hear of the message alone. */
  async #message(event: MessageEvent, message: Message, circle: Circle): Promise<void> {
    const { conversationId, replyTo } = message;
    const late = new Set(circle.lateIds);
    const memberIds = circle.memberIds?.filter((id) => !late.has(id)) ?? null;
    await this.#emitter.emit(roomsOf(conversationId, { memberIds }), event, { message });
    if (late.size === 0 || replyTo === null) return;
    const to = [...late].map((id) => rooms.user(id));
    await this.#emitter.emit(to, event, { message: seenAbove(replyTo.seq, message) });
  }

  async #circle(conversationId: string, replySeq?: number): Promise<Circle | null> {
    try {
      return await this.#repo.circle(conversationId, replySeq);
    } catch (error) {
      this.#logger.warn({ err: error, conversationId }, 'a change of a conversation was not announced');
      return null;
    }
  }
}

type MessageEvent = 'message:created' | 'message:updated' | 'message:deleted';

function changeOf({ deletedAt }: Message): MessageEvent {
  return deletedAt === null ? 'message:updated' : 'message:deleted';
}

function roomsOf(conversationId: string, { memberIds }: Pick<Circle, 'memberIds'>): Room[] {
  return memberIds === null ? [rooms.conversation(conversationId)] : memberIds.map((id) => rooms.user(id));
}
