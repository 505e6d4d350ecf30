import type { CurrentUser, Handlers } from '../realtime/gateway.ts';
import type { BlocksService } from './blocks.service.ts';
import type { PeopleService } from './people.service.ts';

type Names =
  'user:follow' | 'user:unfollow' | 'contact:add' | 'contact:remove' | 'user:block' | 'user:unblock';

export interface PeopleActs {
  readonly people: Pick<PeopleService, 'follow' | 'unfollow' | 'addContact' | 'removeContact'>;
  readonly blocking: Pick<BlocksService, 'create' | 'remove'>;
}

/** Following, contacts and blocks over sockets. */
export function peopleHandlers(
  { people, blocking }: PeopleActs,
  current: CurrentUser,
): Pick<Handlers, Names> {
  return {
    'user:follow': async ({ id }, client) => ({ relation: await people.follow(await current(client), id) }),
    'user:unfollow': async ({ id }, client) => ({
      relation: await people.unfollow(await current(client), id),
    }),
    'contact:add': async ({ id }, client) => ({
      relation: await people.addContact(await current(client), id),
    }),
    'contact:remove': async ({ id }, client) => ({
      relation: await people.removeContact(await current(client), id),
    }),
    'user:block': async ({ id }, client) => {
      await blocking.create(await current(client), id);
      return {};
    },
    'user:unblock': async ({ id }, client) => {
      await blocking.remove(await current(client), id);
      return {};
    },
  };
}
