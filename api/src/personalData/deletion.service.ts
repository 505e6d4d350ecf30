import { AppError, type JobProducer, type Logger } from '@maydan/common';
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
    const { identity, repo, signIns, logger } = this.#deps;
    await identity.requirePassword(who, input.password);
    const ended = await repo.close(who.user, new Date());
    if (ended === null) throw new AppError('conflict', 'The account is being changed by another request.');
    if (ended === 'lastAdmin')
      throw new AppError('conflict', 'You are the last admin: make somebody else one first.');
    logger.info({ userId: who.user.id, signIns: ended.length }, 'an account was deleted');
    await signIns.ended(ended);
    await this.#queue(who.user.id);
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
