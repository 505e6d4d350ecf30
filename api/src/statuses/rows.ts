import { statusStyle, type StatusView } from '@maydan/contracts';
import type { Media, Status, User } from '@maydan/prisma';
import type { MediaViews } from '../media/mediaViews.ts';

/** A status with what is shown of it; `views` is empty unless the one who asks has seen it. */
export type StatusRow = Status & {
  readonly user: Pick<User, 'id' | 'username' | 'displayName'>;
  readonly media: Media | null;
  readonly views: readonly object[];
};

/** As its owner sees it: so many people have seen it. */
export function toOwnStatus(row: StatusRow, views: MediaViews, viewers: number): StatusView {
  return { ...toStatus(row, views), seen: true, own: { audience: row.audience, viewers } };
}

/** As others see it. */
export function toStatus(row: StatusRow, views: MediaViews): StatusView {
  const { id, user, text, media } = row;
  return {
    ...{ id, user, text },
    kind: media?.kind === 'video' ? 'video' : media === null ? 'text' : 'image',
    style: statusStyle.nullable().catch(null).parse(row.style),
    media: media === null ? null : views.view(media),
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    seen: row.views.length > 0,
    own: null,
  };
}
