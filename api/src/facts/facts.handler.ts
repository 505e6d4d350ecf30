import type { Logger, Redis } from '@maydan/common';
import type { Fact, FactOf } from '@maydan/contracts';
import type { SessionAnnouncer } from '../realtime/SessionAnnouncer.ts';
import { jobStates, onAirStates } from '../sessions/controlDocument.ts';
import type { HealthNews } from '../health/HealthNews.ts';
import { storeHealth } from '../sessions/healthKey.ts';
import type { MediaFacts } from '../media/MediaFacts.ts';
import type { RestreamService } from '../restream/restream.service.ts';
import type { SessionCommands } from '../sessions/SessionCommands.ts';
import { tellLive, type SessionRow, type SessionsRepo } from '../sessions/sessions.repo.ts';
import {
  noSource,
  sourceLost,
  sourcePublished,
  sourceUnpublished,
  type SourceChange,
} from '../sessions/sources.ts';
import type { StageFacts } from '../stage/StageFacts.ts';

export interface FactsDependencies {
  readonly repo: SessionsRepo;
  readonly commands: SessionCommands;
  readonly announcer: SessionAnnouncer;
  readonly stage: StageFacts;
  readonly media: MediaFacts;
  readonly restream: RestreamService;
  readonly health: Pick<HealthNews, 'changed'>;
  readonly redis: Redis;
  readonly gracePeriodMs: number;
  /** Somebody is to be told of what was written. */
  readonly toldLater: () => void;
  readonly logger: Logger;
}

/**
 * Applies facts of ingest, sfu and workers to sessions, and to files. A fact may come twice, late, or beside others: what it changes is
 * guarded by the state table, the epoch and the fence, and what follows from a change may be repeated.
 */
export class FactsHandler {
  readonly #deps: FactsDependencies;

  constructor(dependencies: FactsDependencies) {
    this.#deps = dependencies;
  }

  /** Rejects when PostgreSQL or Redis fail; the fact is to be handled again then. */
  async handle(fact: Fact): Promise<void> {
    switch (fact.type) {
      case 'ingest.published':
        return this.#published(fact);
      case 'ingest.unpublished':
        return this.#unpublished(fact);
      case 'stage.started':
      case 'stage.stopped':
      case 'stage.peerJoined':
      case 'stage.peerLeft':
      case 'stage.health':
      case 'stage.composed':
        return this.#deps.stage.handle(fact);
      case 'live.accepted':
        return this.#accepted(fact);
      case 'live.ready':
        return this.#ready(fact);
      case 'live.sourceLost':
        return this.#sourceLost(fact);
      case 'live.health':
        await storeHealth(this.#deps.redis, fact.sessionId, fact.health);
        return this.#deps.health.changed(fact.sessionId);
      case 'live.ended':
        return this.#ended(fact);
      case 'restream.changed':
        return this.#deps.restream.handle(fact);
      case 'recording.removed':
        await this.#deps.repo.update(
          fact.sessionId,
          { mediaRemovedAt: new Date(fact.at), byteLength: 0 },
          { playbackId: fact.playbackId },
        );
        return;
      case 'vod.imagesReady':
        return this.#imagesReady(fact);
      case 'media.checked':
      case 'media.removed':
        return this.#deps.media.handle(fact);
    }
  }

  async #published(fact: FactOf<'ingest.published'>): Promise<void> {
    const { repo, commands, logger } = this.#deps;
    const { sessionId, epoch, sourceKind } = fact;
    const at = new Date(fact.at);
    const changed = await repo.changeSource(
      sessionId,
      (row) => sourcePublished(row, fact),
      (event, row) => ({ ...this.#deadlineOf(event), startedAt: row.startedAt ?? at }),
    );
    if (changed !== null) {
      logger.info({ sessionId, epoch, sourceKind, sourceEpoch: changed.sourceEpoch }, 'published');
      await this.#deps.announcer.announce(sessionId);
    }
    const session = changed ?? (await repo.find(sessionId));
    if (session === null || session.state === 'idle') return;
    if (!onAirStates.includes(session.state)) {
      // It ended between the permission to publish and the publish.
      if (sourceKind === 'rtmp') await commands.stop(session, 'ended');
      return;
    }
    await commands.writeControl(session);
    await commands.run('live.transcode', session);
    if (session.rtmpRelayUrl !== null) await commands.run('live.forward', session);
    const { hostId } = session;
    if ((await this.#deps.restream.hostsAmong([hostId])).has(hostId))
      await commands.run('live.restream', session);
  }

  async #unpublished(fact: FactOf<'ingest.unpublished'>): Promise<void> {
    const { sessionId, epoch } = fact;
    const changed = await this.#deps.repo.changeSource(
      sessionId,
      (row) => sourceUnpublished(row, epoch),
      (event) => this.#deadlineOf(event),
    );
    if (changed !== null) this.#deps.logger.info({ sessionId, epoch, state: changed.state }, 'unpublished');
    await this.#tell(changed, sessionId);
  }

  /** An interrupted session waits for its publisher until then. */
  #deadlineOf(event: SourceChange['event']): { graceDeadlineAt?: Date | null } {
    if (event === null) return {};
    const { gracePeriodMs } = this.#deps;
    return { graceDeadlineAt: event === 'published' ? null : new Date(Date.now() + gracePeriodMs) };
  }

  async #accepted(fact: FactOf<'live.accepted'>): Promise<void> {
    const { sessionId, fence, workerId } = fact;
    await this.#deps.repo.update(sessionId, { fence }, { fence: { lt: fence } });
    this.#deps.logger.info({ sessionId, fence, workerId }, 'a worker runs the session');
  }

  async #ready(fact: FactOf<'live.ready'>): Promise<void> {
    const { repo, logger } = this.#deps;
    const { sessionId, epoch, fence } = fact;
    const at = new Date(fact.at);
    const live = await repo.transition(sessionId, 'ready', {
      where: { sourceEpoch: epoch, fence: { lte: fence }, state: 'starting' },
      data: () => ({ fence }),
      also: tellLive,
    });
    if (live !== null) {
      this.#deps.toldLater();
      logger.info({ sessionId, epoch, renditions: fact.renditions }, 'live');
      await repo.update(sessionId, { readyAt: at }, { readyAt: null });
    }
    await this.#tell(live, sessionId);
  }

  /**
   * The worker can't read the source any more. An RTMP publisher that is still on the line is dropped: its encoder
   * connects again, with a new epoch, while waiting for the old connection would only cost the session.
   */
  async #sourceLost(fact: FactOf<'live.sourceLost'>): Promise<void> {
    const { repo, commands, logger } = this.#deps;
    const { sessionId, epoch, fence, reason } = fact;
    const changed = await repo.changeSource(
      sessionId,
      (row) => (row.fence > fence ? null : sourceLost(row, epoch)),
      (event) => this.#deadlineOf(event),
    );
    if (changed !== null) logger.info({ sessionId, epoch, reason, state: changed.state }, 'source lost');
    const session = changed ?? (await repo.find(sessionId));
    const isWaiting = session?.state === 'interrupted' && session.sourceEpoch === epoch;
    if (isWaiting && session.sourceKind === 'rtmp') {
      await commands.drop(session, 'takenOver', session.rtmpEpoch);
    }
    await this.#tell(changed, sessionId);
  }

  async #ended(fact: FactOf<'live.ended'>): Promise<void> {
    const { repo, logger } = this.#deps;
    const { sessionId, fence, failure, durationMs, byteLength, recorded } = fact;
    const before = await repo.find(sessionId);
    if (before === null) return;
    const outcome = { durationMs, byteLength, recorded, fence };
    const ended = await repo.transition(sessionId, failure === null ? 'finished' : 'failed', {
      where: { fence: { lte: fence } },
      data: () => ({
        ...outcome,
        endReason: failure ?? before.endReason ?? 'sourceGone',
        endedAt: new Date(fact.at),
        ...noSource,
      }),
    });
    if (ended !== null) {
      logger.info({ sessionId, failure, durationMs, byteLength, recorded }, ended.state);
    } else if (before.endReason === 'workerLost' && !before.recorded) {
      // A worker came back after the session was given up: its recording is still good.
      await repo.update(sessionId, outcome, {
        ...{ state: 'failed', fence: { lte: fence }, recordingDeletedAt: null },
      });
    }
    await this.#finish(sessionId);
  }

  /** What follows from an end; repeated when the fact comes again. */
  async #finish(sessionId: string): Promise<void> {
    const { repo, commands, announcer } = this.#deps;
    const session = await repo.find(sessionId);
    if (session === null || onAirStates.includes(session.state)) return;
    await commands.stop(session, 'ended');
    await commands.writeControl(session);
    if (session.recorded && session.posterPath === null) await commands.makeImages(session);
    await announcer.announce(sessionId);
  }

  async #imagesReady(fact: FactOf<'vod.imagesReady'>): Promise<void> {
    const { sessionId, playbackId, posterPath, storyboardPath } = fact;
    const changed = await this.#deps.repo.update(
      sessionId,
      { posterPath, storyboardPath },
      { playbackId, recordingDeletedAt: null },
    );
    if (changed !== null) await this.#deps.announcer.announce(sessionId);
  }

  /** Writes the control document also when nothing changed: the first handling may have failed after the change. */
  async #tell(changed: SessionRow | null, sessionId: string): Promise<void> {
    const { repo, commands, announcer } = this.#deps;
    const session = changed ?? (await repo.find(sessionId));
    if (session === null || !jobStates.includes(session.state)) return;
    await commands.writeControl(session);
    if (changed !== null) await announcer.announce(sessionId);
  }
}
