import { AppError, type JobProducer, type Logger } from '@maydan/common';
import type { UserAidInput } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import { actorOf, audited, type Also } from '../audit/audit.repo.ts';
import { requireRole } from '../identity/requireRole.ts';
import type { IdentityService } from '../identity/identity.service.ts';
import type { Authenticated, SignInsService } from '../identity/signIns.service.ts';
import type { DeletionRepo } from './deletion.repo.ts';
import type { PersonalData } from './PersonalData.ts';

/** Ten minutes of looking every two seconds whether everything has ended; then the sweep queues it again. */
const retries = { attempts: 300, backoff: { type: 'fixed', delay: 2_000 } };
const resumedAtOnce = 500;

export interface DeletionDependencies {
  readonly repo: DeletionRepo;
  readonly identity: Pick<IdentityService, 'requirePassword'>;
  readonly signIns: Pick<SignInsService, 'ended'>;
  /** In the order in which they are erased. */
  readonly parts: readonly PersonalData[];
  readonly jobs: JobProducer;
  readonly logger: Logger;
}

/**
 * Deletes accounts (feature I5). At once the account is nobody's and nobody can use it; the rest is a job that may be
 * killed at any point and done again. Users are never removed: ledgers and others' history go on to refer to somebody.
 */
export class DeletionService {
  readonly #deps: DeletionDependencies;

  constructor(dependencies: DeletionDependencies) {
    this.#deps = dependencies;
  }

  /**
   * There is no way back. Throws as `requirePassword` does; `conflict` when another request changed the account (a ban of this
   * moment, too), or the last admin asks.
   */
  async request(who: Authenticated, input: { password?: string | undefined }): Promise<void> {
    await this.#deps.identity.requirePassword(who, input.password);
    await this.#close(who.user);
  }

  /**
   * By an admin. Throws `forbidden` for others, and for an admin's account, one's own, too; `not_found`, and `conflict` when it is banned, as who is
   * banned stays known, or when another request changed it.
   */
  async requestAs(admin: User, { id, reason }: UserAidInput): Promise<void> {
    requireRole(admin, 'admin');
    const user = await this.#deps.repo.find(id);
    if (user === null) throw new AppError('not_found');
    if (user.role === 'admin') throw new AppError('forbidden', 'Admins delete their accounts themselves.');
    if (user.bannedAt !== null) throw new AppError('conflict', 'The account is banned: lift the ban first.');
    const about = { actor: actorOf(admin), target: { kind: 'user', id }, userId: id, reason } as const;
    await this.#close(user, audited({ ...about, action: 'user.deleted' }));
  }

  async #close(user: User, also?: Also): Promise<void> {
    const { repo, signIns, logger } = this.#deps;
    const ended = await repo.close(user, new Date(), also);
    if (ended === null) throw new AppError('conflict', 'The account is being changed by another request.');
    if (ended === 'lastAdmin')
      throw new AppError('conflict', 'You are the last admin: make somebody else one first.');
    logger.info({ userId: user.id, signIns: ended.length }, 'an account was deleted');
    await signIns.ended(ended);
    await this.#queue(user.id);
  }

  /** Queues what a crash, or Redis that was away, left. */
  async resume(): Promise<void> {
    for (const id of await this.#deps.repo.unerased(resumedAtOnce)) await this.#queue(id);
  }

  /** The job. Rejects while something has to end first; it is to be tried again then. */
  async erase(userId: string): Promise<void> {
    const { repo, parts, logger } = this.#deps;
    if (!(await repo.isClosed(userId)))
      return logger.warn({ userId }, 'an account that is in use is not erased');
    const pending: string[] = [];
    for (const part of parts) {
      if ((await part.erase(userId)) === 'pending') pending.push(part.name);
    }
    if (pending.length > 0) throw new AppError('unavailable', `Not over yet: ${pending.join(', ')}.`);
    await repo.erased(userId, new Date());
    logger.info({ userId }, 'all personal data of an account is erased');
  }

  async #queue(userId: string): Promise<void> {
    try {
      await this.#deps.jobs.add('account.erase', { userId }, { jobId: userId, ...retries });
    } catch (error) {
      this.#deps.logger.warn({ err: error, userId }, 'an erasure is left to the sweep');
    }
  }
}
