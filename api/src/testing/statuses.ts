import { randomUUID } from 'node:crypto';
import type { Media, StatusCreate, StatusView } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { onlineKey } from '../presence/OnlineUsers.ts';
import { idOf, type Account, type TestApi } from './TestApi.ts';
import type { TestBackend } from './TestBackend.ts';
import type { TestMedia } from './TestMedia.ts';

export function follow(who: Account, whom: Account): Promise<unknown> {
  return who.client.people.follow(idOf(whom));
}

/** Waits until somebody who has connected counts as online: statuses are told to those who do. */
export async function untilOnline({ redis }: TestBackend, { user }: Account): Promise<void> {
  const isOnline = async () => (await redis.zscore(onlineKey, user.id)) !== null;
  await waitUntil('the presence', isOnline, 60_000);
}

/** A new status: `hello`, unless the change says otherwise. */
export function post(who: Account, change: Partial<StatusCreate> = {}): Promise<StatusView> {
  const text = change.mediaId === undefined ? { text: 'hello' } : {};
  return who.client.statuses.create({ tempId: randomUUID(), ...text, ...change });
}

export function see(who: Account, { id }: StatusView): Promise<unknown> {
  return who.client.statuses.see({ id });
}

/** A picture that is ready for a status. */
export function uploadForStatus(
  files: TestMedia,
  api: TestApi,
  who: Account,
  type = 'image/png',
): Promise<Media> {
  return files.ready(api, who, { purpose: 'status', type });
}

/** Whom the feed of somebody names, with how many unseen ones. */
export async function feedOf(who: Account): Promise<[string, number][]> {
  return (await who.client.statuses.feed({})).items.map(({ user, unseen }) => [user.id, unseen]);
}

/** A day passes for a status. */
export async function expire({ database }: TestBackend, { id }: StatusView): Promise<void> {
  await database.$executeRaw`
    UPDATE "Status" SET "createdAt" = "createdAt" - interval '1 day', "expiresAt" = "expiresAt" - interval '1 day'
    WHERE "id" = ${id}::uuid`;
}

/** Waits until nothing is left of a status but a file that is on its way out. */
export async function untilRemoved({ database }: TestBackend, { id, media }: StatusView): Promise<void> {
  const isRemoved = async (): Promise<boolean> => {
    const rows = await database.status.count({ where: { id } });
    const views = await database.statusView.count({ where: { statusId: id } });
    const file = media === null ? null : await database.media.findUnique({ where: { id: media.id } });
    return rows + views === 0 && (file === null || (file.state === 'removing' && file.uses === 0));
  };
  await waitUntil('the removal', isRemoved, 60_000);
}
