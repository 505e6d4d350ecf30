import type { Logger, Redis } from '@maydan/common';
import type { Database } from '@maydan/prisma';
import type { ApiConfig } from '../config.ts';
import { UsersRepo } from '../people/users.repo.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import type { EventStream } from '../realtime/EventStream.ts';
import { OnlineUsers } from './OnlineUsers.ts';
import { PresenceKeeper } from './PresenceKeeper.ts';
import { PresenceRepo } from './presence.repo.ts';
import { PresenceService } from './presence.service.ts';

export interface PresenceParts {
  readonly config: ApiConfig;
  readonly database: Database;
  readonly redis: Redis;
  readonly stream: Pick<EventStream, 'position'>;
  readonly emitter: Emitter;
  readonly logger: Logger;
}

/** The parts that know who is online, wired up; `keeper` is started and closed by who runs the api. */
export function createPresence({ config, database, redis, stream, emitter, logger }: PresenceParts) {
  const online = new OnlineUsers(redis, config.SOCKET_STREAM_ENTRIES);
  const repo = new PresenceRepo(database);
  return {
    online,
    keeper: new PresenceKeeper({ online, repo, logger }),
    presence: new PresenceService({ online, repo, users: new UsersRepo(database), stream, emitter }),
  };
}
