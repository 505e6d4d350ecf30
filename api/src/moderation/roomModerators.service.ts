import { AppError, type Logger } from '@maydan/common';
import type { UserPage } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import { actorOf, audited } from '../audit/audit.repo.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { Blocks } from '../people/blocks.repo.ts';
import { userPage, type PageInput } from '../people/listed.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import { rooms } from '../realtime/rooms.ts';
import type { SessionsRepo } from '../sessions/sessions.repo.ts';
import type { ModeratedRepo } from './moderated.repo.ts';
import type { RoomModeratorsRepo } from './roomModerators.repo.ts';

const maxModerators = 100;

export interface RoomModeratorsDependencies {
  readonly roomModerators: RoomModeratorsRepo;
  readonly moderated: Pick<ModeratedRepo, 'findUser'>;
  readonly repo: Pick<SessionsRepo, 'openOf'>;
  readonly blocks: Blocks;
  readonly limits: RateLimits;
  readonly emitter: Emitter;
  readonly logger: Logger;
}

/** Whom a host has moderate the rooms of all their sessions (feature M1). */
export class RoomModeratorsService {
  readonly #deps: RoomModeratorsDependencies;

  constructor(dependencies: RoomModeratorsDependencies) {
    this.#deps = dependencies;
  }

  list(host: User, input: PageInput): Promise<UserPage> {
    return userPage(input, (wish) => this.#deps.roomModerators.list(host.id, wish));
  }

  /** May be repeated. Throws `not_found`, and `conflict` for oneself and when there are too many. */
  async appoint(host: User, userId: string): Promise<void> {
    const { roomModerators, moderated, blocks, limits } = this.#deps;
    await limits.people(host.id);
    if (userId === host.id) throw new AppError('conflict', 'You moderate your rooms anyway.');
    const user = await moderated.findUser(userId);
    if (user === null || user.bannedAt !== null || (await blocks.hides(host, userId)))
      throw new AppError('not_found');
    if ((await roomModerators.count(host.id)) >= maxModerators)
      throw new AppError('conflict', `You have ${maxModerators} moderators.`);
    const also = audited({ ...actOn(host, userId), action: 'roomModerator.appointed' });
    if (await roomModerators.add(host.id, userId, also)) await this.#tell(host, userId, true);
  }

  /** Throws `not_found` when they weren't. */
  async dismiss(host: User, userId: string): Promise<void> {
    await this.#deps.limits.people(host.id);
    if (!(await this.#dismiss(host, userId))) throw new AppError('not_found');
  }

  /** One of the two has blocked the other. */
  async part(hostId: string, userId: string): Promise<void> {
    const host = await this.#deps.moderated.findUser(hostId);
    if (host !== null) await this.#dismiss(host, userId);
  }

  async #dismiss(host: User, userId: string): Promise<boolean> {
    const { roomModerators, repo, emitter } = this.#deps;
    const also = audited({ ...actOn(host, userId), action: 'roomModerator.dismissed' });
    if (!(await roomModerators.remove(host.id, userId, also))) return false;
    // What only staff is told, they are told no more.
    for (const id of await repo.openOf(host.id)) await emitter.remove(rooms.user(userId), rooms.staff(id));
    await this.#tell(host, userId, false);
    return true;
  }

  async #tell({ id, username, displayName }: User, userId: string, isModerator: boolean): Promise<void> {
    this.#deps.logger.info({ hostId: id, userId, isModerator }, 'a room moderator changed');
    const host = { id, username, displayName };
    await this.#deps.emitter.emit(rooms.user(userId), 'moderator:changed', { host, isModerator });
  }
}

function actOn(host: User, userId: string) {
  return { actor: actorOf(host, host.id), target: { kind: 'user', id: userId }, userId } as const;
}
