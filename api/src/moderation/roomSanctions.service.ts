import { AppError, type Logger } from '@maydan/common';
import type { ChatMute, ChatMuteInput, KickInput } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import type { PlaybackBans } from '../access/PlaybackBans.ts';
import { actorOf, audited } from '../audit/audit.repo.ts';
import type { ChatService } from '../chat/chat.service.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import { rooms } from '../realtime/rooms.ts';
import type { SessionRoom } from '../realtime/SessionRoom.ts';
import type { SessionRow } from '../sessions/sessions.repo.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import type { SeatsService } from '../stage/seats.service.ts';
import type { SfuCommands } from '../stage/SfuCommands.ts';
import type { ModeratedRepo, MuteRow } from './moderated.repo.ts';
import { momentIn, type Ranks } from './Ranks.ts';
import { sanctionEvent } from './sanctionEvent.ts';

export interface RoomSanctionsDependencies {
  readonly moderated: ModeratedRepo;
  readonly ranks: Ranks;
  readonly sessions: Pick<SessionsService, 'findModerated'>;
  readonly chat: Pick<ChatService, 'putOut'>;
  readonly seats: Pick<SeatsService, 'take'>;
  readonly sfu: Pick<SfuCommands, 'removePeer'>;
  readonly room: Pick<SessionRoom, 'emit'>;
  readonly playbackBans: Pick<PlaybackBans, 'kick'>;
  /** Their heartbeats count no more. */
  readonly uncounted: (sessionId: string, userId: string) => Promise<void>;
  readonly limits: RateLimits;
  readonly emitter: Emitter;
  readonly logger: Logger;
}

/**
 * Mutes, time-outs and kicks in a session (feature M1), by whoever moderates its room; bans are `BansService`'s. Each throws
 * `not_found`, `forbidden` for whom one doesn't stand above, and `rate_limited`.
 */
export class RoomSanctionsService {
  readonly #deps: RoomSanctionsDependencies;

  constructor(dependencies: RoomSanctionsDependencies) {
    this.#deps = dependencies;
  }

  /** At once, on all devices. Again it is changed, what an admin gave by admins alone. */
  async mute(actor: User, { id, userId, reason, durationSec }: ChatMuteInput): Promise<ChatMute> {
    const { moderated, emitter, room } = this.#deps;
    const { session, user } = await this.#above(actor, id, userId);
    const until = momentIn(durationSec);
    const act = { ...actOn(actor, session, userId), reason, details: { durationSec } };
    const mute = { sessionId: id, userId, byId: actor.id, reason, until };
    const row = await moderated.mute(actor, mute, audited({ ...act, action: 'chat.muted' }));
    const told = { sessionId: id, until: until?.toISOString() ?? null, reason };
    await emitter.emit(rooms.user(userId), 'chat:muted', told);
    room.emit(id, sanctionEvent('muted', { actor, user, reason, until }), 'staff');
    return view(row);
  }

  async mutes(actor: User, sessionId: string): Promise<ChatMute[]> {
    await this.#deps.sessions.findModerated(actor, sessionId);
    return (await this.#deps.moderated.mutes(sessionId)).map(view);
  }

  /** Throws `not_found` when there is no such mute, and `forbidden` for one that an admin gave. */
  async unmute(actor: User, sessionId: string, userId: string): Promise<void> {
    const { moderated, emitter, room } = this.#deps;
    const { session, user } = await this.#above(actor, sessionId, userId);
    const also = audited({ ...actOn(actor, session, userId), action: 'chat.unmuted' });
    if (!(await moderated.unmute(actor, sessionId, userId, also))) throw new AppError('not_found');
    await emitter.emit(rooms.user(userId), 'chat:unmuted', { sessionId });
    room.emit(sessionId, sanctionEvent('unmuted', { actor, user }), 'staff');
  }

  /**
   * Out of chat, room, stage and count on all devices, and their tokens play nothing for `kickedFromPlaybackSec`. Nothing is kept
   * of it but the audit log: they may come back.
   */
  async kick(actor: User, { id, userId, reason }: KickInput): Promise<void> {
    const { moderated, chat, seats, sfu, room, emitter, logger } = this.#deps;
    const { session, user } = await this.#above(actor, id, userId);
    await moderated.write({ ...actOn(actor, session, userId), action: 'session.kicked', reason });
    logger.info({ sessionId: id, userId, byId: actor.id }, 'put out of a session');
    await this.#deps.playbackBans.kick(session.playbackId, userId);
    await seats.take(id, userId);
    await sfu.removePeer(id, { userId }, 'removed');
    await this.#deps.uncounted(id, userId);
    await chat.putOut(id, userId, 'chat_kicked');
    await emitter.emit(rooms.user(userId), 'session:closed', { sessionId: id, code: 'chat_kicked' });
    await emitter.remove(rooms.user(userId), rooms.session(id));
    room.emit(id, sanctionEvent('kicked', { actor, user, reason }), 'staff');
  }

  async #above(
    actor: User,
    sessionId: string,
    userId: string,
  ): Promise<{ readonly session: SessionRow; readonly user: User }> {
    const { limits, sessions, moderated, ranks } = this.#deps;
    await limits.chat(actor.id);
    const session = await sessions.findModerated(actor, sessionId);
    const user = await moderated.findUser(userId);
    if (user === null) throw new AppError('not_found');
    await ranks.requireAbove(actor, user, session);
    return { session, user };
  }
}

function actOn(actor: User, { id, hostId }: SessionRow, userId: string) {
  return { actor: actorOf(actor, hostId), target: { kind: 'session', id }, userId } as const;
}

function view({ user, reason, createdAt, until }: MuteRow): ChatMute {
  return { user, reason, createdAt: createdAt.toISOString(), until: until?.toISOString() ?? null };
}
