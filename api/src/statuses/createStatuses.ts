import type { Logger } from '@maydan/common';
import type { Database } from '@maydan/prisma';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { MediaReader } from '../media/media.service.ts';
import type { MediaViews } from '../media/mediaViews.ts';
import { UsersRepo } from '../people/users.repo.ts';
import type { OnlineUsers } from '../presence/OnlineUsers.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import { FeedRepo } from './feed.repo.ts';
import { StatusAnnouncer } from './StatusAnnouncer.ts';
import { StatusesRepo } from './statuses.repo.ts';
import { StatusesService } from './statuses.service.ts';
import { StatusesSweep } from './statusesSweep.repo.ts';
import { StatusFollowersRepo } from './statusFollowers.repo.ts';

export interface StatusesParts {
  readonly database: Database;
  readonly views: MediaViews;
  readonly online: OnlineUsers;
  readonly limits: RateLimits;
  readonly emitter: Emitter;
  readonly logger: Logger;
}

/** The parts of statuses, wired up; whoever runs the api closes `announcer`. */
export function createStatuses({ database, ...parts }: StatusesParts) {
  const announcer = new StatusAnnouncer({ ...parts, followers: new StatusFollowersRepo(database) });
  const repos = {
    repo: new StatusesRepo(database),
    feed: new FeedRepo(database),
    users: new UsersRepo(database),
  };
  return {
    announcer,
    service: new StatusesService({ ...parts, ...repos, announcer }),
    sweep: new StatusesSweep(database),
  };
}

/** Who sees a status sees its file. */
export function statusFileReader(database: Database): MediaReader {
  const repo = new StatusesRepo(database);
  return (viewer, mediaId) => repo.isFileShown(viewer, mediaId);
}
