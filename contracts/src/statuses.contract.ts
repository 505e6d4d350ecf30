import { pageInput, userPage } from './people.ts';
import { byId, nothing, route } from './route.ts';
import {
  status,
  statusCreateInput,
  statusesOfUserInput,
  statusFeed,
  statusPage,
  statusViewersInput,
} from './statuses.ts';

const tag = 'Statuses';

/** Routes of statuses. One that somebody may not see, or that has expired, is not there for them. */
export const statusesContract = {
  create: route('POST', '/statuses', tag, 'Show a text, a picture or a video for 24 hours', 201)
    .input(statusCreateInput)
    .output(status),
  feed: route('GET', '/statuses', tag, 'Whom one follows and who has statuses, those with unseen ones first')
    .input(pageInput)
    .output(statusFeed),
  mine: route('GET', '/me/statuses', tag, 'Own statuses, the oldest first')
    .input(pageInput)
    .output(statusPage),
  ofUser: route('GET', '/users/{id}/statuses', tag, 'Somebody’s statuses, the oldest first')
    .input(statusesOfUserInput)
    .output(statusPage),
  get: route('GET', '/statuses/{id}', tag, 'One status').input(byId).output(status),
  remove: route('DELETE', '/statuses/{id}', tag, 'Delete an own status, with its file; moderators: anybody’s')
    .input(byId)
    .output(nothing),
  see: route('POST', '/statuses/{id}/seen', tag, 'Say that one has seen it').input(byId).output(nothing),
  viewers: route('GET', '/statuses/{id}/viewers', tag, 'Who has seen an own status, the last one first')
    .input(statusViewersInput)
    .output(userPage),
};
