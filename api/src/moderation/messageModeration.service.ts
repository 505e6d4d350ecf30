import { AppError, type Logger } from '@maydan/common';
import type { DatabaseTransaction, User } from '@maydan/prisma';
import { actorOf, writeAudit } from '../audit/audit.repo.ts';
import type { MessagesService } from '../conversations/messages.service.ts';
import { requireRole } from '../identity/requireRole.ts';
import type { ModeratedRepo } from './moderated.repo.ts';
import type { Ranks } from './Ranks.ts';

export interface MessageModerationDependencies {
  readonly messages: Pick<MessagesService, 'senderOf' | 'deleteBy'>;
  readonly moderated: Pick<ModeratedRepo, 'findUser' | 'isReported'>;
  readonly ranks: Ranks;
  readonly logger: Logger;
}

/** Messages of conversations, which moderators don't read, but for those that somebody reported to them (feature M2). */
export class MessageModeration {
  readonly #deps: MessageModerationDependencies;

  constructor(dependencies: MessageModerationDependencies) {
    this.#deps = dependencies;
  }

  /**
   * Gone for all, as when its sender deletes it; again that changes nothing. Throws `forbidden` for whom one doesn't stand above,
   * and `not_found`, also for what nobody reported, or where all reports were dismissed.
   */
  async delete(actor: User, { id, reason }: { id: string; reason: string }): Promise<void> {
    requireRole(actor, 'moderator', 'admin');
    const { messages, moderated, ranks, logger } = this.#deps;
    // First, so that it tells nothing of what nobody reported.
    if (!(await moderated.isReported('message', id))) throw new AppError('not_found');
    const userId = await messages.senderOf(id);
    const sender = userId === null ? null : await moderated.findUser(userId);
    if (sender !== null) await ranks.requireAbove(actor, sender);
    const act = { actor: actorOf(actor), action: 'message.deleted', userId, reason } as const;
    await messages.deleteBy(id, async (transaction: DatabaseTransaction) => {
      if (!(await moderated.isReported('message', id, transaction))) throw new AppError('not_found');
      await writeAudit(transaction, { ...act, target: { kind: 'message', id } });
    });
    logger.info({ messageId: id, userId: actor.id }, 'a reported message was deleted');
  }
}
