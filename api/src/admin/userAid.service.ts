import { AppError, type Logger } from '@maydan/common';
import type { UserAidInput } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import { actorOf } from '../audit/audit.repo.ts';
import { requireRole } from '../identity/requireRole.ts';
import type { SignInsService } from '../identity/signIns.service.ts';
import type { UserAidRepo } from './userAid.repo.ts';

export interface UserAidDependencies {
  readonly repo: UserAidRepo;
  readonly signIns: Pick<SignInsService, 'ended'>;
  /** Somebody is to be told of a cause of notifications. */
  readonly toldLater: () => void;
  readonly logger: Logger;
}

/** Help for people whose device or account somebody else has, or who can't sign in any more, by admins (feature M6). */
export class UserAidService {
  readonly #deps: UserAidDependencies;

  constructor(dependencies: UserAidDependencies) {
    this.#deps = dependencies;
  }

  /** Requests and sockets of all devices are refused from now on. Throws `forbidden` and `not_found`. */
  async signOut(admin: User, { id, reason }: UserAidInput): Promise<{ ended: number }> {
    requireRole(admin, 'admin');
    const { repo, signIns, logger } = this.#deps;
    const ended = await repo.signOut(actorOf(admin), id, reason);
    if (ended === null) throw new AppError('not_found');
    await signIns.ended(ended);
    logger.info({ userId: id, adminId: admin.id, count: ended.length }, 'somebody was signed out');
    return { ended: ended.length };
  }

  /**
   * The password, or what else they sign in with, is enough from now on. Throws `forbidden` for others than admins and for one's
   * own, which takes its code; `not_found`, and `conflict` when none is on.
   */
  async removeSecondFactor(admin: User, { id, reason }: UserAidInput): Promise<void> {
    requireRole(admin, 'admin');
    if (id === admin.id) throw new AppError('forbidden', 'Turn your own second factor off with a code.');
    const { repo, toldLater, logger } = this.#deps;
    const outcome = await repo.removeSecondFactor(actorOf(admin), id, reason);
    if (outcome === 'missing') throw new AppError('not_found');
    if (outcome === 'off') throw new AppError('conflict', 'No second factor is on.');
    logger.info({ userId: id, adminId: admin.id }, 'a second factor was removed by an admin');
    toldLater();
  }
}
