import { AppError } from '@maydan/common';
import type { ChatMessage, ChatSend } from '@maydan/contracts';
import { newId, type User } from '@maydan/prisma';
import type { SessionRoom } from '../realtime/SessionRoom.ts';
import { isOver } from '../sessions/controlDocument.ts';
import type { BannedWordLists } from './BannedWordLists.ts';
import type { ChatCheck } from './ChatCheck.ts';
import type { ChatRepo, NewChatMessage, Standing, Stored } from './chat.repo.ts';
import type { ChatGate } from './ChatGate.ts';
import type { ChatWriter } from './ChatWriter.ts';
import { effective, holdsFor, refusalOfText, refusalOfWriter, type Writer } from './chatRules.ts';
import { chatRoleOf, toChatMessage, toReply } from './chatViews.ts';
import type { DelayedMessages } from './DelayedMessages.ts';

export interface ChatSendDependencies {
  readonly repo: ChatRepo;
  readonly writer: ChatWriter;
  readonly gate: ChatGate;
  readonly lists: BannedWordLists;
  /** Null: nobody else judges. */
  readonly check: Pick<ChatCheck, 'requireAllowed'> | null;
  readonly delayed: DelayedMessages;
  readonly room: SessionRoom;
}

/** Writing in the chat of a session (feature G1): a message is stored and told, or refused with the reason. */
export class ChatSendService {
  readonly #deps: ChatSendDependencies;

  constructor(dependencies: ChatSendDependencies) {
    this.#deps = dependencies;
  }

  /**
   * Stores a message once for each `tempId` of its sender in the session, whatever node it comes to and how often: the same
   * message is the answer again. That the user may see the session is for the caller to know; a ban or block of the host is
   * looked up here, as is a mute. Throws `not_found`, `chat_banned`, `chat_muted` (with `until`), `wrong_state` once the session is over, `rate_limited`, and what the
   * cascade refuses: `chat_followers_only`, `chat_subscribers_only`, `chat_verified_only`, `chat_too_long`, `chat_word_banned`,
   * `chat_links_off`, `chat_emoji_only`, `chat_slow_mode`, `chat_duplicate`, `chat_refused`, `chat_unchecked`.
   */
  async send(user: User, input: ChatSend, address: string): Promise<ChatMessage> {
    const { id: sessionId, tempId, text, replyTo = null } = input;
    const { repo } = this.#deps;
    const standing = await repo.standing({ sessionId, userId: user.id, tempId, replyTo });
    if (standing === null) throw new AppError('not_found');
    if (standing.sentId !== null) return this.#sentBefore(sessionId, user.id, tempId);
    const writer = this.#admit(user, standing);
    if (holdsFor('rate', writer.role)) await this.#deps.gate.spend(sessionId, user.id, address);
    await this.#judge(sessionId, text, writer, standing);
    if (replyTo !== null && standing.replyId === null) {
      throw new AppError('not_found', 'The message that this one answers is not there.');
    }
    await this.#classify(sessionId, text, writer);
    await this.#claim(input, user.id, writer.role, standing);
    const message = {
      id: newId(),
      sessionId,
      senderId: user.id,
      tempId,
      role: writer.role,
      text,
      replyToId: replyTo,
    };
    const stored = await this.#deps.writer.store(message);
    if (stored === null) return this.#notStored(input, user);
    return this.#tell(message, stored, standing);
  }

  /**
   * Whether somebody may tell all who are there this, otherwise than by a message: with a gift. `isSaid`: it was let through before,
   * and is looked at once more. Throws as `send` does, but for how often.
   */
  async requireSayable(user: User, sessionId: string, text: string, isSaid = false): Promise<void> {
    const wish = { sessionId, userId: user.id, tempId: '', replyTo: null };
    const standing = await this.#deps.repo.standing(wish);
    if (standing === null) throw new AppError('not_found');
    const writer = this.#admit(user, standing);
    await this.#judge(sessionId, text, writer, standing);
    if (!isSaid) await this.#classify(sessionId, text, writer);
  }

  /** Throws what the cascade refuses. */
  async #judge(sessionId: string, text: string, writer: Writer, standing: Standing): Promise<void> {
    const banned = await this.#deps.lists.of(sessionId, standing.bannedWords);
    const refusal =
      refusalOfWriter(writer, standing, new Date()) ?? refusalOfText(text, writer.role, standing, banned);
    if (refusal !== null) throw new AppError(refusal);
  }

  async #classify(sessionId: string, text: string, { role }: Writer): Promise<void> {
    if (holdsFor('classifier', role)) await this.#deps.check?.requireAllowed({ text, sessionId });
  }

  #admit(user: User, standing: Standing): Writer {
    const { isBanned, isCut, isClosed, hostId, seat, userRole, followsSince, isVerified, state } = standing;
    const { isModerator: moderator, isMuted, mutedUntil, isSubscriber } = standing;
    // The role as it is now: the connection may be older than its loss.
    const is = { onStage: seat === 'onStage', moderator };
    const role = chatRoleOf({ id: user.id, role: userRole }, hostId, is);
    if (isClosed) throw new AppError('account_banned');
    if (isCut && userRole === 'user') throw new AppError('not_found');
    if (isBanned) throw new AppError('chat_banned');
    if (isMuted) throw new AppError('chat_muted', undefined, { until: mutedUntil?.toISOString() ?? null });
    if (isOver(state)) throw new AppError('wrong_state', 'The session is over.');
    return { role, followsSince, isSubscriber, isVerified };
  }

  #claim(
    { id: sessionId, tempId, text }: ChatSend,
    userId: string,
    role: ReturnType<typeof chatRoleOf>,
    standing: Standing,
  ) {
    const { slowModeSec, uniqueOnly } = effective(standing);
    return this.#deps.gate.claim({
      ...{ sessionId, userId, tempId, text },
      slowModeSec: holdsFor('slow', role) ? slowModeSec : 0,
      once: holdsFor('duplicates', role),
      unique: uniqueOnly && holdsFor('unique', role),
    });
  }

  /** It was stored before, or its sender was banned or muted meanwhile. */
  async #notStored({ id: sessionId, tempId }: ChatSend, user: User): Promise<ChatMessage> {
    const standing = await this.#deps.repo.standing({ sessionId, userId: user.id, tempId, replyTo: null });
    if (standing !== null && standing.sentId === null) this.#admit(user, standing);
    return this.#sentBefore(sessionId, user.id, tempId);
  }

  async #sentBefore(sessionId: string, userId: string, tempId: string): Promise<ChatMessage> {
    const sent = await this.#deps.repo.findSent(sessionId, userId, tempId);
    if (sent === null) throw new AppError('unavailable');
    return toChatMessage(sent);
  }

  #tell(message: NewChatMessage, { id, seq, createdAt }: Stored, standing: Standing): ChatMessage {
    const { sessionId, senderId, role, text } = message;
    const { username, displayName, delaySec } = standing;
    const told: ChatMessage = {
      ...{ id, seq, role, text },
      sender: { id: senderId, username, displayName },
      replyTo: toReply(standing),
      createdAt: createdAt.toISOString(),
      deletedAt: null,
    };
    const isDelayed = delaySec > 0 && holdsFor('delay', role);
    this.#deps.room.emit(sessionId, { type: 'message', message: told }, isDelayed ? 'staff' : 'everyone');
    if (isDelayed) this.#deps.delayed.add(sessionId, told, delaySec);
    return told;
  }
}
