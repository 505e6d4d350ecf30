import { AppError, mintJoinToken, type Logger } from '@maydan/common';
import { joinTokenLifetimeSec, type StageJoin, type stageJoinInput } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import type { z } from 'zod';
import type { SessionAccess } from '../access/SessionAccess.ts';
import { sfuBase, type Reached } from '../http/requestBase.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { GuestPlaces } from '../moderation/traces/GuestPlaces.ts';
import type { Traces } from '../moderation/traces/Traces.ts';
import { isOver } from '../sessions/controlDocument.ts';
import type { SessionRow } from '../sessions/sessions.repo.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import type { ViewingService } from '../viewing/viewing.service.ts';
import type { BansRepo } from './bans.repo.ts';
import type { PeerIds } from './PeerIds.ts';
import { isTaken } from './seatRows.ts';
import type { SeatsRepo } from './seats.repo.ts';
import type { SfuDirectory } from './SfuDirectory.ts';

export interface JoinDependencies {
  readonly sessions: SessionsService;
  readonly seats: SeatsRepo;
  readonly bans: BansRepo;
  readonly access: Pick<SessionAccess, 'isStillIn'>;
  readonly directory: SfuDirectory;
  readonly peerIds: PeerIds;
  readonly traces: Pick<Traces, 'hashesHere'>;
  readonly guestPlaces: Pick<GuestPlaces, 'note'>;
  readonly viewing: Pick<ViewingService, 'admitPeer'>;
  readonly limits: RateLimits;
  readonly internalSecret: string;
  readonly sfuPublicPort: number;
  readonly logger: Logger;
}

type JoinInput = z.infer<typeof stageJoinInput>;
/** `user` is null for people who aren't signed in. */
export interface Joiner {
  readonly user: User | null;
  readonly address: string;
  readonly reached: Reached;
}

/** Lets people into the room of a session, with a token for the sfu (features L2, L9). */
export class JoinService {
  readonly #deps: JoinDependencies;

  constructor(dependencies: JoinDependencies) {
    this.#deps = dependencies;
  }

  /**
   * Throws `not_found`; `wrong_state` once the session is over; `forbidden` for a role that isn't the person's, and for
   * somebody whom the host banned; `account_banned`; `unauthenticated` for a role that needs an account; `rate_limited`; `unavailable`
   * without an sfu.
   */
  async join(input: JoinInput, joiner: Joiner): Promise<StageJoin> {
    const { directory, peerIds, limits, sfuPublicPort, internalSecret } = this.#deps;
    const { user, reached } = joiner;
    const { role } = input;
    await limits.join(joiner.address);
    const session = await this.#deps.sessions.findWatchable(user, input.id);
    if (isOver(session.state)) throw new AppError('wrong_state', 'The session is over.');
    await this.#check(session, role, user);
    const node = await directory.pick(session.id);
    const identity = { sessionId: session.id, userId: user?.id ?? null, role };
    const peerId = await peerIds.give(identity, input.peerId);
    if (user === null) await this.#noteGuest(session.id, peerId);
    const displayName = user?.displayName ?? 'Guest';
    const isCounted = role === 'viewer' && !input.heartbeats;
    const viewer = isCounted ? await this.#deps.viewing.admitPeer(user, session, peerId) : undefined;
    const expiresAt = new Date(Date.now() + joinTokenLifetimeSec * 1_000).toISOString();
    const token = mintJoinToken(internalSecret, {
      ...identity,
      peerId,
      displayName,
      sessionType: session.type,
      ...(viewer === undefined ? {} : { viewer }),
    });
    await this.#checkAgain(user, session, role);
    const signalingUrl = sfuBase({ SFU_PUBLIC_PORT: sfuPublicPort }, reached, node);
    const whepUrl = `${signalingUrl}/whep/${session.id}`;
    this.#deps.logger.info({ ...identity, peerId, nodeId: node.nodeId }, 'join permitted');
    return { token, expiresAt, peerId, role, signalingUrl, whepUrl, nodeId: node.nodeId };
  }

  /** Whose access or seat ended meanwhile was put out by a command that is older than the token. */
  async #checkAgain(user: User | null, session: SessionRow, role: JoinInput['role']): Promise<void> {
    if (user !== null && (await this.#deps.access.isStillIn(user.id, session.id)))
      return role === 'cohost' ? this.#check(session, role, user) : undefined;
    await this.#deps.sessions.findWatchable(user, session.id);
    if (user !== null) throw new AppError('account_banned');
  }

  /** So that a ban which includes where they come from puts them out. */
  async #noteGuest(sessionId: string, peerId: string): Promise<void> {
    const { traces, guestPlaces } = this.#deps;
    await guestPlaces.note(traces.hashesHere(), { kind: 'peer', sessionId, id: peerId });
  }

  async #check(session: SessionRow, role: JoinInput['role'], user: User | null): Promise<void> {
    if (user === null) {
      if (role !== 'viewer') throw new AppError('unauthenticated');
      return;
    }
    if (await this.#deps.bans.isBanned(session.id, user.id)) {
      throw new AppError('forbidden', 'The host has banned you from this session.');
    }
    if (role === 'host' && session.hostId !== user.id) {
      throw new AppError('forbidden', 'This session has another host.');
    }
    if (role === 'cohost') {
      const seat = await this.#deps.seats.find(session.id, user.id);
      if (!isTaken(seat?.state ?? null)) throw new AppError('forbidden', 'You have no seat on this stage.');
    }
  }
}
