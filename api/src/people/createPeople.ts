import type { Database } from '@maydan/prisma';
import { BlocksService, type BlocksDependencies } from './blocks.service.ts';
import { ContactsRepo } from './contacts.repo.ts';
import { FollowsRepo } from './follows.repo.ts';
import { PeopleService, type PeopleDependencies } from './people.service.ts';
import { SearchRepo } from './search.repo.ts';
import { SearchService } from './search.service.ts';
import { SubscribersRepo } from './subscribers.repo.ts';
import { SubscribersService } from './subscribers.service.ts';
import { UserListRepo } from './userList.repo.ts';
import { UserListService } from './userList.service.ts';
import { UsersRepo } from './users.repo.ts';

/** What they are made of. */
export type PeopleParts = BlocksDependencies &
  Pick<PeopleDependencies, 'reconsider' | 'toldLater'> & { readonly database: Database };

/** The parts that know how people stand to each other, wired up. */
export function createPeople(dependencies: PeopleParts) {
  const { database } = dependencies;
  return {
    blocking: new BlocksService(dependencies),
    search: new SearchService({ ...dependencies, search: new SearchRepo(database) }),
    list: new UserListService(new UserListRepo(database)),
    subscribers: new SubscribersService({ ...dependencies, subscribers: new SubscribersRepo(database) }),
    people: new PeopleService({
      ...dependencies,
      users: new UsersRepo(database),
      follows: new FollowsRepo(database),
      contacts: new ContactsRepo(database),
    }),
  };
}
