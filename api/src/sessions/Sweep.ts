import type { Logger, Redis } from '@maydan/common';
import type { EndReason, SessionEvent } from '@maydan/contracts';
import type { Session } from '@maydan/prisma';
import type { SessionAnnouncer } from '../realtime/SessionAnnouncer.ts';
import type { SessionCommands } from './SessionCommands.ts';
import type { SessionRow, SessionsRepo } from './sessions.repo.ts';
import type { SweepRepo } from './sweep.repo.ts';

export interface SweepDependencies {
  readonly repo: SweepRepo;
  readonly sessions: SessionsRepo;
  readonly commands: SessionCommands;
  readonly announcer: SessionAnnouncer;
  readonly redis: Redis;
  readonly gracePeriodMs: number;
  readonly logger: Logger;
}

/** From permission to the first word of ingest; after that the connection counts as lost. */
const publishDeadlineMs = 15_000;
/** A finished worker's last fact may still be on its way: a job counts as gone when it is missing for this long. */
const jobGoneMs = 4_000;
/** A session that no worker finishes is given up: without a worker soon, with one that hangs late. */
const endingDeadlineMs = { waiting: 180_000, active: 900_000 };
const imagesRetrySec = 600;

type Open = Session & { hostBanned: boolean };

/**
 * Repairs what a crash left: every session reaches a final state with a reason. It runs at boot and then every two
 * seconds in each api process; all changes are conditional and all commands repeatable, so they don't disturb each other.
 */
export class Sweep {
  readonly #deps: SweepDependencies;
  readonly #missingSince = new Map<string, number>();

  constructor(dependencies: SweepDependencies) {
    this.#deps = dependencies;
  }

  /** One round. A session that can't be repaired now is logged and tried again in the next. */
  async run(now = new Date()): Promise<void> {
    const { repo, logger } = this.#deps;
    const open = await repo.open();
    this.#forgetOthers(open);
    for (const session of open) {
      try {
        await this.#repair(session, now);
      } catch (error) {
        logger.warn({ err: error, sessionId: session.id }, 'a session could not be swept');
      }
    }
    for (const id of await repo.neverStarted(now)) await this.#end(id, 'neverStarted', 'neverStarted');
    for (const session of await repo.withoutImages(now)) await this.#retryImages(session);
  }

  async #repair(session: Open, now: Date): Promise<void> {
    const changed = await this.#passDeadline(session, now);
    const current = changed ?? session;
    if (changed !== null) {
      await this.#deps.commands.writeControl(changed);
      await this.#deps.announcer.announce(changed.id);
    } else if (await this.#deps.commands.repairControl(current)) {
      this.#deps.logger.info({ sessionId: current.id }, 'a control document was missing or old');
      // Whoever ended the session may have got no further than the database.
      if (current.state === 'ending') await this.#deps.commands.drop(current, 'ended');
    }
    if (current.state !== 'ended' && current.state !== 'failed') await this.#keepJob(current, now);
  }

  /** Applies what is due; null when nothing is. */
  async #passDeadline(session: Open, now: Date): Promise<SessionRow | null> {
    const { id, epoch, state } = session;
    if (session.hostBanned && state !== 'ending') {
      await this.#deps.commands.drop(session, 'revoked');
      return this.#transition(id, 'endRequested', 'moderatorEnded');
    }
    if (state === 'interrupted' && session.graceDeadlineAt !== null && session.graceDeadlineAt <= now) {
      const ending = await this.#transition(id, 'graceExpired', 'sourceGone', {
        graceDeadlineAt: { lte: now },
      });
      if (ending !== null) await this.#deps.commands.drop(ending, 'ended');
      return ending;
    }
    if (isAbandoned(session, now)) {
      const graceDeadlineAt = new Date(now.getTime() + this.#deps.gracePeriodMs);
      return this.#deps.sessions.transition(id, 'sourceGone', {
        where: { epoch, sourceEpoch: { lt: epoch }, state: { in: ['starting', 'live'] } },
        data: () => ({ relayUrl: null, graceDeadlineAt }),
      });
    }
    return null;
  }

  async #transition(
    id: string,
    event: SessionEvent,
    endReason: EndReason,
    where: Parameters<SessionsRepo['update']>[2] = {},
  ): Promise<SessionRow | null> {
    const row = await this.#deps.sessions.transition(id, event, {
      where,
      data: (next) => ({
        endReason,
        graceDeadlineAt: null,
        relayUrl: null,
        ...(next === 'ended' || next === 'failed' ? { endedAt: new Date() } : {}),
      }),
    });
    if (row !== null) this.#deps.logger.info({ sessionId: id, event, endReason }, row.state);
    return row;
  }

  async #end(id: string, event: SessionEvent, reason: EndReason): Promise<void> {
    const row = await this.#transition(id, event, reason);
    if (row === null) return;
    await this.#deps.commands.writeControl(row);
    await this.#deps.announcer.announce(id);
  }

  /** The job is queued again when it is gone; a session that nobody can finish fails as `workerLost`. */
  async #keepJob(session: Session, now: Date): Promise<void> {
    const { commands, logger } = this.#deps;
    const job = await commands.transcodeState(session);
    if (session.state === 'ending') {
      const endingForMs = now.getTime() - session.stateChangedAt.getTime();
      const deadlineMs = job === 'active' ? endingDeadlineMs.active : endingDeadlineMs.waiting;
      if (endingForMs > deadlineMs) return this.#end(session.id, 'failed', 'workerLost');
    }
    if (job !== 'gone') {
      this.#missingSince.delete(session.id);
      return;
    }
    const since = this.#missingSince.get(session.id) ?? now.getTime();
    this.#missingSince.set(session.id, since);
    if (now.getTime() - since < jobGoneMs) return;
    logger.warn({ sessionId: session.id, state: session.state }, 'the job of a session was gone');
    await commands.transcode(session);
    this.#missingSince.delete(session.id);
  }

  async #retryImages(session: Session): Promise<void> {
    const key = `maydan:session:${session.id}:imagesRetried`;
    const first = await this.#deps.redis.set(key, '1', 'EX', imagesRetrySec, 'NX');
    if (first !== null) await this.#deps.commands.makeImages(session);
  }

  #forgetOthers(open: Open[]): void {
    const ids = new Set(open.map((session) => session.id));
    for (const id of this.#missingSince.keys()) if (!ids.has(id)) this.#missingSince.delete(id);
  }
}

/** A newer publish was permitted and never came, while the older one was dropped for it. */
function isAbandoned(session: Session, now: Date): boolean {
  const { state, epoch, sourceEpoch, authorizedAt } = session;
  if ((state !== 'starting' && state !== 'live') || epoch <= sourceEpoch || authorizedAt === null)
    return false;
  return now.getTime() - authorizedAt.getTime() > publishDeadlineMs;
}
