import { AppError, type Logger } from '@maydan/common';
import type { IngestAuthorizeInput, IngestAuthorizeOutput } from '@maydan/contracts';
import { hashSecret } from '@maydan/prisma';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { SessionAnnouncer } from '../realtime/SessionAnnouncer.ts';
import type { PublishRepo } from './publish.repo.ts';
import type { SessionCommands } from './SessionCommands.ts';

/** The one application of the RTMP address. */
const publishApp = 'live';

export interface PublishDependencies {
  readonly repo: PublishRepo;
  readonly commands: SessionCommands;
  readonly announcer: SessionAnnouncer;
  readonly limits: RateLimits;
  readonly gracePeriodMs: number;
  readonly logger: Logger;
}

/** Answers ingest's question: may this stream key publish, and as what (feature L3). */
export class PublishService {
  readonly #deps: PublishDependencies;

  constructor(dependencies: PublishDependencies) {
    this.#deps = dependencies;
  }

  /**
   * Throws `stream_key_refused` for an unknown application and for an unknown, revoked or replaced key,
   * `account_banned`, or `rate_limited` for an address that guesses. An older publish of the session is dropped.
   */
  async authorize(question: IngestAuthorizeInput): Promise<IngestAuthorizeOutput> {
    const { repo, limits, logger, gracePeriodMs } = this.#deps;
    const { app, connectionId, remoteAddress } = question;
    await limits.streamKey(remoteAddress);
    if (app !== publishApp) {
      logger.info({ app, connectionId, remoteAddress }, 'publish refused: unknown application');
      throw new AppError('stream_key_refused', 'There is no such application.');
    }
    const graceDeadlineAt = new Date(Date.now() + gracePeriodMs);
    const admission = await repo.admit(hashSecret(question.streamKey), graceDeadlineAt);
    if (admission.type === 'unknownKey') {
      logger.info({ connectionId, remoteAddress }, 'publish refused: no such stream key');
      throw new AppError('stream_key_refused');
    }
    await limits.streamKeyAccepted(remoteAddress);
    if (admission.type === 'banned') {
      logger.info({ connectionId, remoteAddress, userId: admission.userId }, 'publish refused: banned');
      throw new AppError('account_banned');
    }
    return this.#admitted(admission.session, question);
  }

  async #admitted(
    session: Parameters<SessionCommands['writeControl']>[0],
    question: IngestAuthorizeInput,
  ): Promise<IngestAuthorizeOutput> {
    const { commands, announcer, logger } = this.#deps;
    const { id: sessionId, playbackId, epoch } = session;
    const { connectionId, remoteAddress } = question;
    logger.info({ sessionId, epoch, connectionId, remoteAddress }, 'publish authorised');
    await commands.drop(session, 'takenOver', epoch - 1);
    await commands.writeControl(session);
    await announcer.announce(sessionId);
    return { sessionId, playbackId, epoch };
  }
}
