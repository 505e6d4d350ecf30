import { notification, type Notification, type PublicUser } from '@maydan/contracts';
import type { Notification as NotificationRow } from '@maydan/prisma';

const shownActors = 3;

/** Who did what notifications tell. */
export interface Actors {
  /** The newest whom the owner may see, by id. */
  readonly users: ReadonlyMap<string, PublicUser>;
  /** Ids of those whom a block hides from the owner: they aren't counted. */
  readonly hidden: ReadonlySet<string>;
}

/**
 * A row as its owner sees it, as if those who are hidden hadn't done it, once each. Throws for a row that isn't as agreed: a bug.
 */
export function toNotification(row: NotificationRow, { users, hidden }: Actors): Notification {
  const { id, type, actorIds, data, at, readAt } = row;
  const left = actorIds.filter((actorId) => hidden.has(actorId)).length;
  const actorCount = row.actorCount - left;
  return notification.parse({
    ...{ id, type, actorCount, data },
    count: Math.max(row.count - left, actorCount),
    actors: actorIds.flatMap((actorId) => users.get(actorId) ?? []).slice(0, shownActors),
    at: at.toISOString(),
    readAt: readAt?.toISOString() ?? null,
  });
}
