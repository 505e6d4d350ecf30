import { AppError, type Logger } from '@maydan/common';
import type { Relation, UserPage, UserProfile } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import { pictureOf } from '../media/pictures.routes.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { Viewer } from './blocks.repo.ts';
import type { ContactsRepo } from './contacts.repo.ts';
import type { FollowsRepo, Outcome } from './follows.repo.ts';
import { userPage, type PageInput } from './listed.ts';
import type { UsersRepo } from './users.repo.ts';

const maxFollowing = 10_000;
const maxContacts = 10_000;

type ListInput = PageInput & { readonly id: string };

export interface PeopleDependencies {
  readonly users: UsersRepo;
  readonly follows: FollowsRepo;
  readonly contacts: ContactsRepo;
  readonly limits: RateLimits;
  /** The viewer may have less to see of the user than before. */
  readonly reconsider: (userId: string, viewerId: string) => Promise<void>;
  /** Somebody is to be told of what was written. */
  readonly toldLater: () => void;
  readonly logger: Logger;
}

/** Profiles, following and contacts (features P1, P2). Everything may be repeated; somebody hidden by a block is `not_found`. */
export class PeopleService {
  readonly #deps: PeopleDependencies;

  constructor(dependencies: PeopleDependencies) {
    this.#deps = dependencies;
  }

  /** Throws `not_found`. */
  async profile(viewer: Viewer, whom: { id: string } | { username: string }): Promise<UserProfile> {
    const row = await this.#deps.users.findVisible(viewer, whom);
    if (row === null) throw new AppError('not_found');
    const { id, username, displayName, bio, avatarId, coverId, createdAt, followCount } = row;
    return {
      ...{ id, username, displayName, bio },
      avatar: pictureOf(avatarId),
      cover: pictureOf(coverId),
      createdAt: createdAt.toISOString(),
      followers: followCount?.followers ?? 0,
      following: followCount?.following ?? 0,
      relation: viewer === null || viewer.id === id ? null : await this.#relation(viewer.id, id),
    };
  }

  /** Throws `not_found`, and `conflict` for oneself and beyond the limit. */
  async follow(user: User, otherId: string): Promise<Relation> {
    await this.#change(user, otherId, 'You can not follow yourself.');
    const outcome = await this.#deps.follows.create(user.id, otherId, maxFollowing);
    check(outcome, `You follow ${maxFollowing} people; unfollow one first.`);
    if (outcome === 'made') {
      this.#deps.toldLater();
      this.#deps.logger.info({ userId: user.id, otherId }, 'followed');
    }
    return this.#relation(user.id, otherId);
  }

  async unfollow(user: User, otherId: string): Promise<Relation> {
    await this.#deps.limits.people(user.id);
    await this.#deps.follows.remove(user.id, otherId);
    await this.#deps.reconsider(user.id, otherId);
    return this.#relation(user.id, otherId);
  }

  /** Throws as `follow` does. */
  async addContact(user: User, otherId: string): Promise<Relation> {
    await this.#change(user, otherId, 'You can not be your own contact.');
    const outcome = await this.#deps.contacts.create(user.id, otherId, maxContacts);
    check(outcome, `You have ${maxContacts} contacts; remove one first.`);
    return this.#relation(user.id, otherId);
  }

  async removeContact(user: User, otherId: string): Promise<Relation> {
    await this.#deps.limits.people(user.id);
    await this.#deps.contacts.remove(user.id, otherId);
    await this.#deps.reconsider(user.id, otherId);
    return this.#relation(user.id, otherId);
  }

  listContacts(user: User, input: PageInput): Promise<UserPage> {
    return userPage(input, (wish) => this.#deps.contacts.list(user.id, wish));
  }

  /** Throws `not_found`, and `rate_limited` for guests, whose address is counted as for searches. */
  async followers(viewer: Viewer, address: string, input: ListInput): Promise<UserPage> {
    if (viewer === null) await this.#deps.limits.search({ address });
    await this.#requireVisible(viewer, input.id);
    return userPage(input, (wish) => this.#deps.follows.followers(input.id, viewer, wish));
  }

  /** Throws as `followers` does. */
  async following(viewer: Viewer, address: string, input: ListInput): Promise<UserPage> {
    if (viewer === null) await this.#deps.limits.search({ address });
    await this.#requireVisible(viewer, input.id);
    return userPage(input, (wish) => this.#deps.follows.following(input.id, viewer, wish));
  }

  #relation(userId: string, otherId: string): Promise<Relation> {
    return this.#deps.follows.relation(userId, otherId);
  }

  async #change(user: User, otherId: string, selfMessage: string): Promise<void> {
    await this.#deps.limits.people(user.id);
    if (otherId === user.id) throw new AppError('conflict', selfMessage);
  }

  async #requireVisible(viewer: Viewer, id: string): Promise<void> {
    if (!(await this.#deps.users.isVisible(viewer, id))) throw new AppError('not_found');
  }
}

function check(outcome: Outcome, tooMany: string): void {
  if (outcome === 'hidden') throw new AppError('not_found');
  if (outcome === 'tooMany') throw new AppError('conflict', tooMany);
}
