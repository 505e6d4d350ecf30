import type { Logger, Redis } from '@maydan/common';
import type { EndReason, SessionEvent } from '@maydan/contracts';
import type { Session } from '@maydan/prisma';
import type { SessionAnnouncer } from '../realtime/SessionAnnouncer.ts';
import type { StageSweep } from '../stage/StageSweep.ts';
import { onAirStates } from './controlDocument.ts';
import type { SessionCommands, SessionJob } from './SessionCommands.ts';
import type { SessionRow, SessionsRepo } from './sessions.repo.ts';
import { isAwaitingTakeover, noSource, takeoverFailed } from './sources.ts';
import type { SweepRepo } from './sweep.repo.ts';

export interface SweepDependencies {
  readonly repo: SweepRepo;
  readonly sessions: SessionsRepo;
  readonly commands: SessionCommands;
  readonly announcer: SessionAnnouncer;
  /** Repairs rooms; last in each round. */
  readonly stage: StageSweep;
  /** Those of the hosts whose sessions are sent elsewhere. */
  readonly restreaming: (hostIds: string[]) => Promise<Set<string>>;
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
    const { repo } = this.#deps;
    const open = await repo.open();
    const onStage = await repo.onStage();
    this.#forgetOthers([...open, ...onStage]);
    await this.#each(open, (session) => this.#repair(session, now));
    await this.#keepRestreams(open, now);
    await this.#each(onStage, (session) => this.#keepStage(session, now));
    for (const id of await repo.neverStarted(now)) await this.#end(id, 'neverStarted', 'neverStarted');
    for (const session of await repo.withoutImages(now)) await this.#retryImages(session);
    // Whoever had it deleted may have got no further than the database.
    for (const session of await repo.unremoved(now)) await this.#deps.commands.removeRecording(session);
    await this.#deps.stage.run(now);
  }

  async #each<S extends Session>(sessions: S[], work: (session: S) => Promise<void>): Promise<void> {
    for (const session of sessions) {
      try {
        await work(session);
      } catch (error) {
        this.#deps.logger.warn({ err: error, sessionId: session.id }, 'a session could not be swept');
      }
    }
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
      if (current.state === 'ending') await this.#deps.commands.stop(current, 'ended');
    }
    if (current.state === 'ended' || current.state === 'failed') return;
    if (current.state === 'ending' && (await this.#giveUp(current, now))) return;
    await this.#keepJob('live.transcode', current, now);
    if (current.rtmpRelayUrl !== null) await this.#keepJob('live.forward', current, now);
  }

  /** Applies what is due; null when nothing is. */
  async #passDeadline(session: Open, now: Date): Promise<SessionRow | null> {
    const { id, state } = session;
    if (session.hostBanned && state !== 'ending') {
      await this.#deps.commands.stop(session, 'revoked');
      return this.#transition(id, 'endRequested', 'moderatorEnded');
    }
    if (state === 'interrupted' && session.graceDeadlineAt !== null && session.graceDeadlineAt <= now) {
      const ending = await this.#transition(id, 'graceExpired', 'sourceGone', {
        graceDeadlineAt: { lte: now },
      });
      if (ending !== null) await this.#deps.commands.stop(ending, 'ended');
      return ending;
    }
    if (isAbandoned(session, now)) {
      const graceDeadlineAt = new Date(now.getTime() + this.#deps.gracePeriodMs);
      return this.#deps.sessions.changeSource(id, takeoverFailed, () => ({ graceDeadlineAt }));
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
        ...noSource,
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

  /** The worker that composes goes by the control document, which a session has from its stage's beginning on. */
  async #keepStage(session: Session, now: Date): Promise<void> {
    await this.#deps.commands.repairControl(session);
    await this.#keepJob('live.composite', session, now);
  }

  /** Targets may have been switched on while nobody could be told. */
  async #keepRestreams(open: Open[], now: Date): Promise<void> {
    const onAir = open.filter(({ state }) => onAirStates.includes(state));
    if (onAir.length === 0) return;
    const hosts = await this.#deps.restreaming([...new Set(onAir.map(({ hostId }) => hostId))]);
    const restreamed = onAir.filter(({ hostId }) => hosts.has(hostId));
    await this.#each(restreamed, (session) => this.#keepJob('live.restream', session, now));
  }

  /** A session that nobody can finish fails as `workerLost`. */
  async #giveUp(session: Session, now: Date): Promise<boolean> {
    const job = await this.#deps.commands.jobState('live.transcode', session);
    const endingForMs = now.getTime() - session.stateChangedAt.getTime();
    if (endingForMs <= (job === 'active' ? endingDeadlineMs.active : endingDeadlineMs.waiting)) return false;
    await this.#end(session.id, 'failed', 'workerLost');
    return true;
  }

  /** A job of the session is queued again when it is gone. */
  async #keepJob(name: SessionJob, session: Session, now: Date): Promise<void> {
    const { commands, logger } = this.#deps;
    const key = `${session.id} ${name}`;
    if ((await commands.jobState(name, session)) !== 'gone') {
      this.#missingSince.delete(key);
      return;
    }
    const since = this.#missingSince.get(key) ?? now.getTime();
    this.#missingSince.set(key, since);
    if (now.getTime() - since < jobGoneMs) return;
    logger.warn({ sessionId: session.id, state: session.state, job: name }, 'a job of a session was gone');
    await commands.run(name, session);
    this.#missingSince.delete(key);
  }

  async #retryImages(session: Session): Promise<void> {
    const key = `maydan:session:${session.id}:imagesRetried`;
    const first = await this.#deps.redis.set(key, '1', 'EX', imagesRetrySec, 'NX');
    if (first !== null) await this.#deps.commands.makeImages(session);
  }

  #forgetOthers(open: Session[]): void {
    const ids = new Set(open.map((session) => session.id));
    for (const key of this.#missingSince.keys()) {
      if (!ids.has(key.split(' ')[0] ?? '')) this.#missingSince.delete(key);
    }
  }
}

/** A newer publish was permitted and never came, while the older one was dropped for it. */
function isAbandoned(session: Session, now: Date): boolean {
  const { authorizedAt } = session;
  if (!isAwaitingTakeover(session) || authorizedAt === null) return false;
  return now.getTime() - authorizedAt.getTime() > publishDeadlineMs;
}
