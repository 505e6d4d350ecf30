import { notification, type Notification, type PublicUser } from '@maydan/contracts';
import type { Notification as NotificationRow } from '@maydan/prisma';

const shownActors = 3;

/** A row as its owner sees it; `actors` are those whom they may see, by id. Throws for a row that isn't as agreed: a bug. */
export function toNotification(row: NotificationRow, actors: ReadonlyMap<string, PublicUser>): Notification {
  const { id, type, actorIds, actorCount, count, data, at, readAt } = row;
  return notification.parse({
    ...{ id, type, actorCount, count, data },
    actors: actorIds.flatMap((actorId) => actors.get(actorId) ?? []).slice(0, shownActors),
    at: at.toISOString(),
    readAt: readAt?.toISOString() ?? null,
  });
}
