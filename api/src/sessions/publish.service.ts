import { AppError, type Logger } from '@maydan/common';
import type {
  IngestAuthorizeInput,
  IngestAuthorizeOutput,
  StageAuthorizeInput,
  WhipAuthorizeInput,
  WhipAuthorizeOutput,
} from '@maydan/contracts';
import { hashSecret } from '@maydan/prisma';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { SessionAnnouncer } from '../realtime/SessionAnnouncer.ts';
import type { SfuCommands } from '../stage/SfuCommands.ts';
import type { Admission, PublishRepo } from './publish.repo.ts';
import type { SessionCommands } from './SessionCommands.ts';

/** The one application of the RTMP address. */
const publishApp = 'live';

export interface PublishDependencies {
  readonly repo: PublishRepo;
  readonly commands: SessionCommands;
  readonly sfu: SfuCommands;
  readonly announcer: SessionAnnouncer;
  readonly limits: RateLimits;
  readonly gracePeriodMs: number;
  readonly logger: Logger;
}

type Admitted = Extract<Admission, { type: 'admitted' }>;

/** Answers the questions of ingest, sfu and workers: who may publish, and as what (features L3, L4, L7). */
export class PublishService {
  readonly #deps: PublishDependencies;

  constructor(dependencies: PublishDependencies) {
    this.#deps = dependencies;
  }

  /**
   * Throws `stream_key_refused` for an unknown application and for an unknown, revoked or replaced key,
   * `account_banned`, or `rate_limited` for an address that guesses. An older publish of the session is dropped.
   */
  async authorizeRtmp(question: IngestAuthorizeInput): Promise<IngestAuthorizeOutput> {
    const { app, connectionId, remoteAddress } = question;
    await this.#deps.limits.streamKey(remoteAddress);
    if (app !== publishApp) {
      this.#deps.logger.info({ app, connectionId, remoteAddress }, 'publish refused: unknown application');
      throw new AppError('stream_key_refused', 'There is no such application.');
    }
    const { session } = await this.#admit(question, 'rtmp');
    return { sessionId: session.id, playbackId: session.playbackId, epoch: session.epoch };
  }

  /** Refuses like `authorizeRtmp`. The session's epoch stays: the composed stage will be its source. */
  async authorizeWhip(question: WhipAuthorizeInput): Promise<WhipAuthorizeOutput> {
    await this.#deps.limits.streamKey(question.remoteAddress);
    const { session, host } = await this.#admit(question, 'whip');
    if (session.whipPeerId === null) throw new AppError('internal');
    return {
      sessionId: session.id,
      playbackId: session.playbackId,
      sessionType: session.type,
      peerId: session.whipPeerId,
      userId: host.id,
      displayName: host.displayName,
    };
  }

  /** Throws `not_found` or, once the session is over, `wrong_state`. Nobody is dropped. */
  async authorizeStage(question: StageAuthorizeInput): Promise<IngestAuthorizeOutput> {
    const { repo, commands, logger } = this.#deps;
    const { sessionId, connectionId } = question;
    const admission = await repo.admitStage(sessionId, this.#graceDeadline());
    if (admission === null) throw new AppError('not_found');
    const { session, isOver } = admission;
    if (isOver) throw new AppError('wrong_state', 'The session is over.');
    const { epoch, playbackId } = session;
    logger.info({ sessionId, epoch, connectionId }, 'stage authorised');
    await commands.writeControl(session);
    return { sessionId, playbackId, epoch };
  }

  async #admit(
    question: { streamKey: string; connectionId: string; remoteAddress: string },
    by: 'rtmp' | 'whip',
  ): Promise<Admitted> {
    const { repo, limits, logger } = this.#deps;
    const { connectionId, remoteAddress } = question;
    const admission = await repo.admit(hashSecret(question.streamKey), by, this.#graceDeadline());
    if (admission.type === 'unknownKey') {
      logger.info({ by, connectionId, remoteAddress }, 'publish refused: no such stream key');
      throw new AppError('stream_key_refused');
    }
    await limits.streamKeyAccepted(remoteAddress);
    if (admission.type === 'banned') {
      logger.info({ by, connectionId, remoteAddress, userId: admission.userId }, 'publish refused: banned');
      throw new AppError('account_banned');
    }
    const { id: sessionId, epoch } = admission.session;
    logger.info({ by, sessionId, epoch, connectionId, remoteAddress }, 'publish authorised');
    await this.#takeOver(admission);
    return admission;
  }

  /** The newest publish wins, whichever way it comes. */
  async #takeOver({ session, oldWhipPeerId }: Admitted): Promise<void> {
    const { commands, sfu, announcer } = this.#deps;
    await commands.drop(session, 'takenOver', session.dropRtmpBelow - 1);
    if (oldWhipPeerId !== null) await sfu.removePeer(session.id, { peerId: oldWhipPeerId }, 'takenOver');
    await commands.writeControl(session);
    await announcer.announce(session.id);
  }

  #graceDeadline(): Date {
    return new Date(Date.now() + this.#deps.gracePeriodMs);
  }
}
