import type { Logger } from '@maydan/common';
import { onStageRoles, type FactOf } from '@maydan/contracts';
import type { HealthNews } from '../health/HealthNews.ts';
import type { SessionAnnouncer } from '../realtime/SessionAnnouncer.ts';
import { isOver } from '../sessions/controlDocument.ts';
import type { SessionCommands } from '../sessions/SessionCommands.ts';
import type { SessionRow, SessionsRepo } from '../sessions/sessions.repo.ts';
import { isTaken } from './seatRows.ts';
import type { SfuCommands } from './SfuCommands.ts';
import type { PeerOutcome, StageRepo } from './stage.repo.ts';
import type { StageHealths } from './StageHealths.ts';

export type StageFact = FactOf<
  | 'stage.started'
  | 'stage.stopped'
  | 'stage.peerJoined'
  | 'stage.peerLeft'
  | 'stage.health'
  | 'stage.composed'
>;
type PeerFact = FactOf<'stage.peerJoined' | 'stage.peerLeft'>;

export interface StageFactsDependencies {
  readonly repo: StageRepo;
  readonly sessions: SessionsRepo;
  readonly healths: StageHealths;
  readonly commands: SessionCommands;
  readonly sfu: SfuCommands;
  readonly announcer: SessionAnnouncer;
  readonly health: Pick<HealthNews, 'changed'>;
  readonly logger: Logger;
}

/** Applies what sfu nodes tell about stages. Of facts about the same thing the newest counts, in whatever order they come. */
export class StageFacts {
  readonly #deps: StageFactsDependencies;

  constructor(dependencies: StageFactsDependencies) {
    this.#deps = dependencies;
  }

  async handle(fact: StageFact): Promise<void> {
    const { repo, sessions, commands, sfu, healths } = this.#deps;
    const session = await sessions.find(fact.sessionId);
    const isOpening = fact.type === 'stage.started' || fact.type === 'stage.peerJoined';
    if (isOpening && (session === null || isOver(session.state))) {
      // Somebody's token was minted before the end.
      return sfu.closeRoom(fact.sessionId, 'sessionEnded');
    }
    if (session === null) return;
    switch (fact.type) {
      case 'stage.started':
        await repo.setNode(fact, true);
        if (!(await repo.isOn(session.id))) return;
        // A prepared session has no control document yet, by which the worker learns of its end.
        await commands.writeControl(session);
        return commands.run('live.composite', session);
      case 'stage.stopped':
        return repo.setNode(fact, false);
      case 'stage.peerJoined':
      case 'stage.peerLeft':
        if (onStageRoles.includes(fact.role)) await this.peer(fact, session);
        return;
      case 'stage.health':
      case 'stage.composed':
        await healths.store(fact);
        return this.#deps.health.changed(session.id);
    }
  }

  /** A device came or went. Who has no right to be on stage is put out again. */
  async peer(fact: PeerFact, session: SessionRow): Promise<void> {
    const { repo, sfu, announcer, logger } = this.#deps;
    const { sessionId, peerId, userId, role } = fact;
    const outcome =
      fact.type === 'stage.peerJoined' ? await repo.peerJoined(fact) : await repo.peerLeft(fact, fact.reason);
    if (outcome.isNews) logger.info({ sessionId, peerId, userId, role, reason: reasonOf(fact) }, fact.type);
    // Who went at one node may be back at another, where coming was judged.
    const hasCome = fact.type === 'stage.peerJoined' && outcome.isPresent;
    const expulsion = hasCome ? expulsionOf(fact, session, outcome) : null;
    if (expulsion !== null) await sfu.removePeer(sessionId, { peerId }, expulsion);
    if (userId !== null && outcome.seat?.type === 'applied' && outcome.seat.isChange) {
      await announcer.seatChanged(sessionId, userId, false);
    }
    if (outcome.isNews) await announcer.stageChanged(sessionId);
  }
}

function reasonOf(fact: PeerFact): string | undefined {
  return fact.type === 'stage.peerLeft' ? fact.reason : undefined;
}

/** Why somebody who is on stage may not be there: the token is older than the removal, or the ban. */
function expulsionOf(
  { role, userId }: PeerFact,
  session: SessionRow,
  { isBanned, seat }: PeerOutcome,
): 'removed' | 'banned' | null {
  if (isBanned) return 'banned';
  if (role === 'host') return userId === session.hostId ? null : 'removed';
  if (role === 'ingress') return null;
  const hasSeat = seat?.type === 'applied' && isTaken(seat.seat.state);
  return hasSeat ? null : 'removed';
}
