import { AppError, type Logger } from '@maydan/common';
import type { MediaSource, Seat, SeatEvent, Stage, StagePerson } from '@maydan/contracts';
import { stageLimits } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import { actorOf, audited, type Also } from '../audit/audit.repo.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { Ranks } from '../moderation/Ranks.ts';
import type { Viewer } from '../people/blocks.repo.ts';
import type { SessionAnnouncer } from '../realtime/SessionAnnouncer.ts';
import { isOver } from '../sessions/controlDocument.ts';
import type { SessionRow, SessionsRepo } from '../sessions/sessions.repo.ts';
import { hostOf } from '../sessions/sessionView.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import { isTaken, seatView, type SeatOutcome } from './seatRows.ts';
import type { SeatAnswer, SeatsRepo } from './seats.repo.ts';
import type { SfuCommands } from './SfuCommands.ts';
import type { PeerRow, StageRepo } from './stage.repo.ts';

export interface SeatsDependencies {
  readonly repo: SeatsRepo;
  readonly stage: StageRepo;
  readonly openSessions: Pick<SessionsRepo, 'openOf'>;
  readonly sessions: SessionsService;
  readonly sfu: SfuCommands;
  readonly announcer: SessionAnnouncer;
  readonly ranks: Pick<Ranks, 'requireAbove'>;
  readonly limits: RateLimits;
  readonly logger: Logger;
}

type SeatApplied = Extract<SeatOutcome, { type: 'applied' }>;

/** Who may come on stage, and who is there (feature L6). The rights of a join token follow from it. */
export class SeatsService {
  readonly #deps: SeatsDependencies;

  constructor(dependencies: SeatsDependencies) {
    this.#deps = dependencies;
  }

  /** The stage as everybody may see it; empty once the session is over. Throws `not_found`. */
  async stage(sessionId: string): Promise<Stage> {
    const { repo, stage, sessions } = this.#deps;
    const session = await sessions.find(sessionId);
    const empty = isOver(session.state);
    const [people, seats] = empty
      ? [[], []]
      : await Promise.all([stage.present(sessionId), repo.list(sessionId, 'taken')]);
    return {
      sessionId,
      type: session.type,
      limit: stageLimits[session.type],
      people: people.map((row) => personOf(row, session)),
      seats: seats.map(seatView),
    };
  }

  /** The stage and the viewer's own seat. Throws `not_found`. */
  async view(viewer: Viewer, sessionId: string): Promise<{ stage: Stage; mine: Seat | null }> {
    await this.#deps.sessions.findVisible(viewer, sessionId);
    const mine = viewer === null ? null : await this.seatOf(sessionId, viewer.id);
    return { stage: await this.stage(sessionId), mine };
  }

  /** Null when the user has no seat. */
  async seatOf(sessionId: string, userId: string): Promise<Seat | null> {
    const row = await this.#deps.repo.find(sessionId, userId);
    return row === null ? null : seatView(row);
  }

  /** What the person and the host are told about a seat; null when there is none. */
  async news(sessionId: string, userId: string): Promise<{ seat: Seat; session: SessionRow } | null> {
    const seat = await this.seatOf(sessionId, userId);
    return seat === null ? null : { seat, session: await this.#deps.sessions.find(sessionId) };
  }

  async request(user: User, sessionId: string): Promise<Seat> {
    const session = await this.#open(user, sessionId);
    if (session.hostId === user.id) throw new AppError('conflict', 'The host needs no seat.');
    return this.#apply(session, user.id, 'requested');
  }

  async accept(user: User, sessionId: string): Promise<Seat> {
    return this.#apply(await this.#open(user, sessionId), user.id, 'accepted');
  }

  async decline(user: User, sessionId: string): Promise<Seat> {
    return this.#apply(await this.#open(user, sessionId), user.id, 'declined');
  }

  /** Leaves the stage for good, or takes a request back. */
  async leave(user: User, sessionId: string): Promise<Seat> {
    const seat = await this.#apply(await this.#open(user, sessionId), user.id, 'left');
    await this.#putOffStage(sessionId, user.id);
    return seat;
  }

  /** Open seats, for the host and moderators. */
  async list(actor: User, sessionId: string): Promise<Seat[]> {
    await this.#deps.sessions.findSteerable(actor, sessionId, 'look');
    return (await this.#deps.repo.list(sessionId, 'open')).map(seatView);
  }

  async invite(
    actor: User,
    sessionId: string,
    whom: { userId: string } | { username: string },
  ): Promise<Seat> {
    const session = await this.#steer(actor, sessionId);
    const user = await this.#deps.repo.findUser(whom);
    if (user === null || user.bannedAt !== null) throw new AppError('not_found', 'There is no such person.');
    if (user.id === session.hostId) throw new AppError('conflict', 'The host needs no seat.');
    return this.#apply(session, user.id, 'invited');
  }

  async admit(actor: User, sessionId: string, userId: string): Promise<Seat> {
    return this.#apply(await this.#steer(actor, sessionId), userId, 'admitted');
  }

  async reject(actor: User, sessionId: string, userId: string): Promise<Seat> {
    return this.#apply(await this.#steer(actor, sessionId), userId, 'rejected');
  }

  async remove(actor: User, sessionId: string, userId: string): Promise<Seat> {
    const session = await this.#steer(actor, sessionId);
    await this.#requireAbove(actor, userId, session);
    const target = { kind: 'session', id: sessionId } as const;
    const act = { actor: actorOf(actor, session.hostId), target, userId };
    const also = audited({ ...act, action: 'stage.seatRemoved' });
    const seat = await this.#apply(session, userId, 'removed', also);
    // Also who has a token and hasn't come yet. Their other devices may go on watching.
    await this.#deps.sfu.removePeer(sessionId, { userId, role: 'cohost' }, 'removed');
    return seat;
  }

  /** One of the two has blocked the other: the user loses seats, devices and news in the host's open sessions. */
  async part(hostId: string, userId: string): Promise<void> {
    const { repo, openSessions, sfu, announcer } = this.#deps;
    for (const id of await repo.openWith(hostId, userId)) {
      const answer = await repo.apply(id, userId, 'removed');
      if (answer.type === 'applied') await this.#tell(id, userId, 'removed', answer);
    }
    const ids = await openSessions.openOf(hostId);
    for (const id of ids) await sfu.removePeer(id, { userId }, 'removed');
    await announcer.parted(userId, ids);
  }

  /** Takes the user's seat in a session, if there is one; devices are for the caller. */
  async take(sessionId: string, userId: string): Promise<void> {
    const answer = await this.#deps.repo.apply(sessionId, userId, 'removed');
    if (answer.type === 'applied') await this.#tell(sessionId, userId, 'removed', answer);
  }

  /** Takes all seats of the user. */
  async takeAll(userId: string): Promise<void> {
    for (const id of await this.#deps.repo.openOf(userId)) await this.take(id, userId);
  }

  /** Throws `not_found` when no such device is on stage, and `forbidden` for what an admin muted, to others. */
  async mute(
    actor: User,
    input: { id: string; peerId: string; source: MediaSource | null; muted: boolean },
  ): Promise<void> {
    const { id: sessionId, peerId, source, muted } = input;
    const session = await this.#steer(actor, sessionId);
    const peer = await this.#findPeer(sessionId, peerId);
    await this.#requireAbove(actor, peer.userId, session);
    const mutedByAdmin = new AppError('forbidden', 'An admin muted this; admins alone take it back.');
    if (!muted && actor.role !== 'admin' && (await this.#deps.sfu.isMutedByAdmin(sessionId, peerId, source)))
      throw mutedByAdmin;
    const act = deviceAct(actor, session, peer);
    await this.#deps.repo.write({
      ...act,
      action: 'stage.deviceMuted',
      details: { sessionId, source, muted },
    });
    const by = actor.role === 'admin' ? 'admin' : 'other';
    if (!(await this.#deps.sfu.mutePeer(sessionId, { peerId, source, muted }, by))) throw mutedByAdmin;
  }

  /** Puts one device off the stage; the person's seat stays. Throws `not_found` when no such device is on stage. */
  async removePeer(actor: User, sessionId: string, peerId: string): Promise<void> {
    const session = await this.#steer(actor, sessionId);
    const peer = await this.#findPeer(sessionId, peerId);
    await this.#requireAbove(actor, peer.userId, session);
    await this.#deps.repo.write({ ...deviceAct(actor, session, peer), action: 'stage.deviceRemoved' });
    await this.#deps.sfu.removePeer(sessionId, { peerId }, 'removed');
  }

  /**
   * Whom a moderator takes off a stage, or mutes there, they stand above; a host's own devices by who may end the session. The
   * stage is its host's: nobody is above them there.
   */
  async #requireAbove(actor: User, userId: string | null, session: SessionRow): Promise<void> {
    const { hostId } = session;
    if (actor.id === hostId || userId === null || userId === hostId || userId === actor.id) return;
    const user = await this.#deps.repo.findUser({ userId });
    if (user !== null) await this.#deps.ranks.requireAbove(actor, user, session);
  }

  async #findPeer(sessionId: string, peerId: string): Promise<PeerRow> {
    const people = await this.#deps.stage.present(sessionId);
    const peer = people.find((row) => row.peerId === peerId);
    if (peer === undefined) throw new AppError('not_found');
    return peer;
  }

  async #apply(session: SessionRow, userId: string, event: SeatEvent, also?: Also): Promise<Seat> {
    const answer = await this.#deps.repo.apply(session.id, userId, event, also);
    if (answer.type !== 'applied') throw refusal(answer);
    await this.#tell(session.id, userId, event, answer);
    return seatView(answer.seat);
  }

  async #tell(sessionId: string, userId: string, event: SeatEvent, applied: SeatApplied): Promise<void> {
    const { seat, before, isChange } = applied;
    if (!isChange) return;
    const { announcer, logger } = this.#deps;
    logger.info({ sessionId, userId, event, seat: seat.state }, 'a seat changed');
    await announcer.seatChanged(sessionId, userId, seat.state === 'invited');
    if (isTaken(seat.state) !== isTaken(before)) await announcer.stageChanged(sessionId);
  }

  /** The user's other devices may go on watching. */
  async #putOffStage(sessionId: string, userId: string): Promise<void> {
    const people = await this.#deps.stage.present(sessionId);
    for (const { peerId, role } of people.filter((row) => row.userId === userId)) {
      if (role === 'cohost') await this.#deps.sfu.removePeer(sessionId, { peerId }, 'left');
    }
  }

  async #open(user: User, sessionId: string): Promise<SessionRow> {
    await this.#deps.limits.stage(user.id);
    return this.#deps.sessions.findVisible(user, sessionId);
  }

  async #steer(actor: User, sessionId: string): Promise<SessionRow> {
    await this.#deps.limits.stage(actor.id);
    return this.#deps.sessions.findSteerable(actor, sessionId);
  }
}

function deviceAct(actor: User, { id, hostId }: SessionRow, { peerId, userId }: PeerRow) {
  const target = { kind: 'stageDevice', id: peerId } as const;
  return { actor: actorOf(actor, hostId), target, userId, details: { sessionId: id } };
}

function personOf({ peerId, role, user }: PeerRow, session: SessionRow): StagePerson {
  return { peerId, role, user: role === 'ingress' ? hostOf(session) : user };
}

function refusal(answer: Exclude<SeatAnswer, { type: 'applied' }>): AppError {
  switch (answer.type) {
    case 'over':
      return new AppError('wrong_state', 'The session is over.');
    case 'banned':
      return new AppError('forbidden', 'The host has banned this person from the session.');
    case 'blocked':
      return new AppError('not_found', 'There is no such person.');
    case 'stageFull':
      return new AppError('conflict', 'The stage is full.');
    case 'tooManyRequests':
      return new AppError('conflict', 'Too many people ask to come on stage.');
    case 'refused':
      return answer.state === null
        ? new AppError('not_found', 'There is no such seat.')
        : new AppError('conflict', `The seat is ${answer.state}.`);
  }
}
