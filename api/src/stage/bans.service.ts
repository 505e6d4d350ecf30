import { AppError, type Logger } from '@maydan/common';
import type { SessionBan, SessionBanInput } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import type { PlaybackBans } from '../access/PlaybackBans.ts';
import { actorOf, audited } from '../audit/audit.repo.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import { momentIn, type Ranks } from '../moderation/Ranks.ts';
import { auditedTraces, tracesView } from '../moderation/traces/banTraceViews.ts';
import type { GuestExpulsion } from '../moderation/traces/GuestExpulsion.ts';
import type { Traces } from '../moderation/traces/Traces.ts';
import { sanctionEvent } from '../moderation/sanctionEvent.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import { rooms } from '../realtime/rooms.ts';
import type { SessionRoom } from '../realtime/SessionRoom.ts';
import type { SessionAnnouncer } from '../realtime/SessionAnnouncer.ts';
import type { SessionRow } from '../sessions/sessions.repo.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import type { BanRow, BansRepo, EnforcedBan } from './bans.repo.ts';
import type { SeatsRepo } from './seats.repo.ts';
import type { SfuCommands } from './SfuCommands.ts';

export interface BansDependencies {
  readonly repo: BansRepo;
  readonly seats: SeatsRepo;
  readonly sessions: SessionsService;
  readonly sfu: SfuCommands;
  readonly playbackBans: Pick<PlaybackBans, 'ban' | 'lift'>;
  readonly emitter: Emitter;
  readonly room: Pick<SessionRoom, 'emit'>;
  readonly announcer: SessionAnnouncer;
  readonly traces: Pick<Traces, 'of'>;
  readonly guests: Pick<GuestExpulsion, 'expel'>;
  readonly ranks: Ranks;
  readonly limits: RateLimits;
  readonly banned: (sessionId: string, userId: string, byId: string | null) => Promise<void>;
  /** Their heartbeats count no more. */
  readonly uncounted: (sessionId: string, userId: string) => Promise<void>;
  readonly logger: Logger;
}

/** Whom the host (or a moderator) doesn't want in a session. Nobody bans who is of the same rank or above, and what an admin gave, admins alone change. */
export class BansService {
  readonly #deps: BansDependencies;

  constructor(dependencies: BansDependencies) {
    this.#deps = dependencies;
  }

  /**
   * At once: the seat is taken, every device is out of the room and plays no more, guests whom it includes are out of chat and
   * room, and joining is refused. Again it can only last longer. What a crash leaves of that the sweep does.
   */
  async create(actor: User, input: SessionBanInput): Promise<SessionBan> {
    const { repo, seats, logger } = this.#deps;
    const { id: sessionId, userId, reason, durationSec, devices, addressesForSec } = input;
    const session = await this.#steer(actor, sessionId);
    const user = await seats.findUser({ userId });
    if (user === null) throw new AppError('not_found');
    await this.#deps.ranks.requireAbove(actor, user, session);
    const expiresAt = momentIn(durationSec);
    const traces = await this.#deps.traces.of(userId, { devices, addressesForSec, until: expiresAt });
    const details = { durationSec, ...auditedTraces(traces, addressesForSec) };
    const also = audited({ ...actOn(actor, session, userId), action: 'session.banned', reason, details });
    const by = { byId: actor.id, reason, expiresAt, traces };
    const { ban, isNew, seat } = await repo.create(actor, sessionId, userId, by, also);
    logger.info({ sessionId, userId, byId: actor.id }, 'banned from a session');
    const said = { actor, user, reason: ban.reason, until: ban.expiresAt };
    if (isNew) this.#deps.room.emit(sessionId, sanctionEvent('banned', said), 'staff');
    const { playbackId } = session;
    await this.#enforce({ ...ban, playbackId }, seat.type === 'applied' && seat.isChange);
    if (isNew) await this.#deps.guests.expel(traces, sessionId);
    return view(ban);
  }

  /** Does what a crash left of bans. */
  async finish(now: Date): Promise<void> {
    for (const ban of await this.#deps.repo.unenforced(now)) await this.#enforce(ban, true);
  }

  /** May be repeated. */
  async #enforce(ban: EnforcedBan, seatChanged: boolean): Promise<void> {
    const { repo, sfu, announcer, playbackBans } = this.#deps;
    const { sessionId, userId } = ban;
    await playbackBans.ban(ban.playbackId, ban);
    await sfu.removePeer(sessionId, { userId }, 'banned');
    await this.#deps.uncounted(sessionId, userId);
    await this.#deps.banned(sessionId, userId, ban.byId);
    await this.#close(sessionId, userId);
    if (seatChanged) {
      await announcer.seatChanged(sessionId, userId, false);
      await announcer.stageChanged(sessionId);
    }
    await repo.enforced(ban);
  }

  async list(actor: User, sessionId: string): Promise<SessionBan[]> {
    await this.#deps.sessions.findModerated(actor, sessionId);
    return (await this.#deps.repo.list(sessionId)).map(view);
  }

  /** Throws `not_found` when there is no such ban, and `forbidden` for whom one doesn't stand above, or what an admin gave. */
  async remove(actor: User, sessionId: string, userId: string): Promise<void> {
    const session = await this.#steer(actor, sessionId);
    const user = await this.#deps.seats.findUser({ userId });
    if (user !== null) await this.#deps.ranks.requireAbove(actor, user, session);
    const also = audited({ ...actOn(actor, session, userId), action: 'session.unbanned' });
    if (!(await this.#deps.repo.remove(actor, sessionId, userId, also))) throw new AppError('not_found');
    await this.#deps.playbackBans.lift(session.playbackId, userId);
    this.#deps.logger.info({ sessionId, userId, byId: actor.id }, 'a ban from a session was lifted');
    if (user !== null) this.#deps.room.emit(sessionId, sanctionEvent('unbanned', { actor, user }), 'staff');
  }

  /** Guests are let in again from the devices and addresses of a ban. Throws `not_found` when it includes none. */
  async clearTraces(actor: User, sessionId: string, userId: string): Promise<void> {
    const session = await this.#steer(actor, sessionId);
    const also = audited({ ...actOn(actor, session, userId), action: 'session.tracesCleared' });
    if (!(await this.#deps.repo.clearTraces(actor, sessionId, userId, also))) throw new AppError('not_found');
  }

  /** They hear no more of the session. */
  async #close(sessionId: string, userId: string): Promise<void> {
    const { emitter } = this.#deps;
    await emitter.emit(rooms.user(userId), 'session:closed', { sessionId, code: 'forbidden' });
    await emitter.remove(rooms.user(userId), rooms.session(sessionId));
  }

  async #steer(actor: User, sessionId: string) {
    await this.#deps.limits.stage(actor.id);
    return this.#deps.sessions.findModerated(actor, sessionId);
  }
}

function actOn(actor: User, { id, hostId }: SessionRow, userId: string) {
  return { actor: actorOf(actor, hostId), target: { kind: 'session', id }, userId } as const;
}

function view({ user, reason, createdAt, expiresAt, traces }: BanRow): SessionBan {
  const at = { createdAt: createdAt.toISOString(), expiresAt: expiresAt?.toISOString() ?? null };
  return { user, reason, ...at, ...tracesView(traces) };
}
