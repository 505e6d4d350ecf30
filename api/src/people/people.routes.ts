import type { AnybodyProcedures, SignedInProcedures } from '../http/context.ts';
import type { BlocksService } from './blocks.service.ts';
import type { PeopleService } from './people.service.ts';
import type { SearchService } from './search.service.ts';
import type { SubscribersService } from './subscribers.service.ts';
import type { UserListService } from './userList.service.ts';

export function blocksRoutes(blocks: BlocksService, signedIn: SignedInProcedures) {
  return {
    create: signedIn.blocks.create.handler(async ({ input, context }) => {
      await blocks.create(context.user, input.id);
      return {};
    }),
    remove: signedIn.blocks.remove.handler(async ({ input, context }) => {
      await blocks.remove(context.user, input.id);
      return {};
    }),
    list: signedIn.blocks.list.handler(({ input, context }) => blocks.list(context.user, input)),
  };
}

export function subscribersRoutes(subscribers: SubscribersService, signedIn: SignedInProcedures) {
  return {
    list: signedIn.subscribers.list.handler(({ input, context }) => subscribers.list(context.user, input)),
    admit: signedIn.subscribers.admit.handler(({ input, context }) => subscribers.admit(context.user, input)),
    remove: signedIn.subscribers.remove.handler(async ({ input, context }) => {
      await subscribers.remove(context.user, input.userId);
      return {};
    }),
  };
}

export interface PeopleServices {
  readonly people: PeopleService;
  readonly search: SearchService;
  readonly list: UserListService;
}

export function peopleRoutes(
  { people, search, list }: PeopleServices,
  signedIn: SignedInProcedures,
  anybody: AnybodyProcedures,
) {
  const { people: mine } = signedIn;
  const { people: all } = anybody;
  return {
    get: all.get.handler(({ input, context }) => people.profile(context.user, input)),
    search: all.search.handler(({ input, context }) => search.find(context.user, context.address, input)),
    list: mine.list.handler(({ input, context }) => list.list(context.user, input)),
    getByName: all.getByName.handler(({ input, context }) => people.profile(context.user, input)),
    followers: all.followers.handler(({ input, context }) =>
      people.followers(context.user, context.address, input),
    ),
    following: all.following.handler(({ input, context }) =>
      people.following(context.user, context.address, input),
    ),
    follow: mine.follow.handler(({ input, context }) => people.follow(context.user, input.id)),
    unfollow: mine.unfollow.handler(({ input, context }) => people.unfollow(context.user, input.id)),
    contacts: mine.contacts.handler(({ input, context }) => people.listContacts(context.user, input)),
    addContact: mine.addContact.handler(({ input, context }) => people.addContact(context.user, input.id)),
    removeContact: mine.removeContact.handler(({ input, context }) =>
      people.removeContact(context.user, input.id),
    ),
  };
}
