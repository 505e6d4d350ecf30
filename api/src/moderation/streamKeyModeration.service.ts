import { AppError } from '@maydan/common';
import type { StreamKey } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import { actorOf, audited, type Also } from '../audit/audit.repo.ts';
import { requireRole } from '../identity/requireRole.ts';
import { notify } from '../notifications/causes.repo.ts';
import type { StreamKeysService } from '../streamKeys/streamKeys.service.ts';
import type { ModeratedRepo } from './moderated.repo.ts';
import { keyNotice } from './notices.ts';
import type { Ranks } from './Ranks.ts';

export interface StreamKeyModerationDependencies {
  readonly streamKeys: Pick<StreamKeysService, 'list' | 'find' | 'disable'>;
  readonly moderated: Pick<ModeratedRepo, 'findUser'>;
  readonly ranks: Ranks;
  /** There is a cause of notifications. */
  readonly toldLater: () => void;
}

/** Other people's stream keys, for moderators and admins (feature M2). */
export class StreamKeyModeration {
  readonly #deps: StreamKeyModerationDependencies;

  constructor(dependencies: StreamKeyModerationDependencies) {
    this.#deps = dependencies;
  }

  /** Without secrets. Throws `forbidden` and `not_found`. */
  async list(actor: User, userId: string): Promise<StreamKey[]> {
    requireRole(actor, 'moderator', 'admin');
    if ((await this.#deps.moderated.findUser(userId)) === null) throw new AppError('not_found');
    return this.#deps.streamKeys.list(userId);
  }

  /** It works no more, and a publisher that is on the line with it is dropped; again only that. Throws `forbidden` and `not_found`. */
  async disable(actor: User, { id, reason }: { id: string; reason: string }): Promise<StreamKey> {
    requireRole(actor, 'moderator', 'admin');
    const { streamKeys, moderated, ranks, toldLater } = this.#deps;
    const key = await streamKeys.find(id);
    const user = await moderated.findUser(key.userId);
    if (user === null) throw new AppError('not_found');
    await ranks.requireAbove(actor, user);
    const about = {
      actor: actorOf(actor),
      target: { kind: 'streamKey', id },
      userId: user.id,
      reason,
    } as const;
    const written = audited({ ...about, action: 'streamKey.disabled' });
    const also: Also = async (transaction) => {
      await written(transaction);
      await notify(transaction, keyNotice(key, reason));
    };
    const disabled = await streamKeys.disable(id, also);
    toldLater();
    return disabled;
  }
}
