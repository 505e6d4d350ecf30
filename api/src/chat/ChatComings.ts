import { typingSec, type PublicUser } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import type { SessionRoom } from '../realtime/SessionRoom.ts';
import type { ChatGate } from './ChatGate.ts';

/** Who comes, goes and comes again within this time is told of once. */
const againSec = 60;
/** How often it is told that somebody still types. */
const typingAgainSec = typingSec / 2;

/** Notices of a session's chat: who came, how many left, who types. They are hints, and gathered by the room. */
export class ChatComings {
  readonly #room: Pick<SessionRoom, 'emit'>;
  readonly #gate: Pick<ChatGate, 'first'>;

  constructor(room: Pick<SessionRoom, 'emit'>, gate: Pick<ChatGate, 'first'>) {
    this.#room = room;
    this.#gate = gate;
  }

  /** Named only when everybody may see that they are online. */
  async came(sessionId: string, user: User): Promise<void> {
    if (!(await this.#gate.first(`came:${sessionId}:${user.id}`, againSec))) return;
    const users = user.presenceFor === 'everyone' ? [publicOf(user)] : [];
    this.#room.emit(sessionId, { type: 'joined', users, count: 1 });
  }

  async left(sessionId: string, user: User): Promise<void> {
    if (!(await this.#gate.first(`left:${sessionId}:${user.id}`, againSec))) return;
    this.#room.emit(sessionId, { type: 'left', count: 1 });
  }

  async typing(sessionId: string, user: User): Promise<void> {
    if (!(await this.#gate.first(`typing:${sessionId}:${user.id}`, typingAgainSec))) return;
    const users = [publicOf(user)];
    this.#room.emit(sessionId, { type: 'typing', users, count: 1, expiresInSec: typingSec });
  }
}

function publicOf({ id, username, displayName }: User): PublicUser {
  return { id, username, displayName };
}
