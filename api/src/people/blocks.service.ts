import { AppError, type Logger } from '@maydan/common';
import type { UserPage } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import { rooms } from '../realtime/rooms.ts';
import type { Blocks } from './blocks.repo.ts';
import { userPage, type PageInput } from './listed.ts';

const maxBlocks = 10_000;

export interface BlocksDependencies {
  readonly blocks: Blocks;
  readonly limits: RateLimits;
  /** Takes a person's part in the open sessions of a host away: seat, devices, sockets. */
  readonly part: (hostId: string, userId: string) => Promise<void>;
  readonly emitter: Pick<Emitter, 'hide'>;
  readonly logger: Logger;
}

/** Blocking and unblocking (feature P2). */
export class BlocksService {
  readonly #deps: BlocksDependencies;

  constructor(dependencies: BlocksDependencies) {
    this.#deps = dependencies;
  }

  /**
   * At once: they don't follow each other any more, aren't each other's subscribers, and are out of each other's sessions. May be repeated. Throws
   * `not_found`, and `conflict` for oneself and beyond the limit.
   */
  async create(user: User, blockedId: string): Promise<void> {
    const { blocks, limits, part, logger } = this.#deps;
    await limits.people(user.id);
    if (blockedId === user.id) throw new AppError('conflict', 'You can not block yourself.');
    if ((await blocks.count(user.id)) >= maxBlocks) {
      throw new AppError('conflict', `You block ${maxBlocks} people; unblock one first.`);
    }
    if (!(await blocks.create(user.id, blockedId))) throw new AppError('not_found');
    logger.info({ userId: user.id, blockedId }, 'blocked');
    await this.#tell(user.id, blockedId);
    await part(user.id, blockedId);
    await part(blockedId, user.id);
  }

  /** Whoever isn't blocked is as good as unblocked. */
  async remove(user: User, blockedId: string): Promise<void> {
    await this.#deps.limits.people(user.id);
    await this.#deps.blocks.remove(user.id, blockedId);
    await this.#tell(user.id, blockedId);
  }

  list(user: User, input: PageInput): Promise<UserPage> {
    return userPage(input, (wish) => this.#deps.blocks.list(user.id, wish));
  }

  /** In the rooms of sessions they are hidden from each other, or are so no more, as the database says now. */
  async #tell(one: string, other: string): Promise<void> {
    const { blocks, emitter } = this.#deps;
    const isHidden = await blocks.eitherBlocks(one, other);
    await emitter.hide(rooms.user(one), other, isHidden);
    await emitter.hide(rooms.user(other), one, isHidden);
  }
}
