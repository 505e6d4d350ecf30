import type { Media as MediaView } from '@maydan/contracts';
import type { DatabaseTransaction, Media } from '@maydan/prisma';
import { releaseMedia, useMedia, type MediaRepo } from './media.repo.ts';
import type { MediaViews } from './mediaViews.ts';

/** Files of messages, for those who keep the messages. Who may see a message is theirs to say. */
export class Attachments {
  readonly #repo: MediaRepo;
  readonly #views: MediaViews;

  constructor(repo: MediaRepo, views: MediaViews) {
    this.#repo = repo;
    this.#views = views;
  }

  /** A new message has these files. Throws `conflict` unless each is the user's, ready, for messages, and in none yet. */
  attach(userId: string, mediaIds: readonly string[], transaction: DatabaseTransaction): Promise<void> {
    return useMedia(transaction, mediaIds, { ownerId: userId, purpose: 'message', uses: 0 });
  }

  /** One more message has them: a forwarded one. Throws `conflict` unless each is there. */
  share(mediaIds: readonly string[], transaction: DatabaseTransaction): Promise<void> {
    return useMedia(transaction, mediaIds, { purpose: 'message', uses: { gt: 0 } });
  }

  /** A message that has them is gone; with the last one the files go. A file counts as often as it is named. */
  release(mediaIds: readonly string[], transaction: DatabaseTransaction): Promise<void> {
    return releaseMedia(transaction, mediaIds);
  }

  /** Views with addresses by id, in one query; files that were removed aren't among them. */
  async view(mediaIds: readonly string[]): Promise<Map<string, MediaView>> {
    if (mediaIds.length === 0) return new Map();
    const rows = await this.#repo.findMany([...new Set(mediaIds)]);
    return new Map(rows.flatMap((row) => this.viewOf(row).map((view) => [row.id, view] as const)));
  }

  /** The view of a file that was looked up; none when it was removed, or is nobody's any more. */
  viewOf(row: Media): MediaView[] {
    return row.state === 'ready' && row.ownerId !== null ? [this.#views.view(row)] : [];
  }
}
