import type { Readable } from 'node:stream';
import { AppError, type Logger } from '@maydan/common';
import {
  mediaKeys,
  fileKindOf,
  mediaLimits,
  type Media as MediaView,
  type MediaCreate,
  type mediaCreated,
  type MediaPage,
  type MediaPurpose,
} from '@maydan/contracts';
import type { Media, User } from '@maydan/prisma';
import type { z } from 'zod';
import type { ApiConfig } from '../config.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { PageInput } from '../people/listed.ts';
import { decodeCursor, pageOf } from '../sessions/cursor.ts';
import type { MediaStore } from '../storage/MediaStore.ts';
import type { MediaRepo } from './media.repo.ts';
import type { MediaJobs } from './MediaJobs.ts';
import type { MediaViews } from './mediaViews.ts';

/** Whether somebody else than its owner may see a file that is used. */
export type MediaReader = (viewer: User, mediaId: string) => Promise<boolean>;

export interface MediaDependencies {
  readonly repo: MediaRepo;
  readonly store: MediaStore;
  readonly views: MediaViews;
  readonly jobs: MediaJobs;
  readonly limits: RateLimits;
  readonly config: Pick<ApiConfig, 'MEDIA_MAX_BYTES' | 'MEDIA_DAILY_BYTES_PER_USER'>;
  /** Asked for files of each purpose; without one only the owner sees them here. */
  readonly readers: Partial<Record<MediaPurpose, MediaReader>>;
  readonly logger: Logger;
}

/** Uploads, and files that have been uploaded (feature C4). A file that isn't the viewer's to see is `not_found`. */
export class MediaService {
  readonly #deps: MediaDependencies;

  constructor(dependencies: MediaDependencies) {
    this.#deps = dependencies;
  }

  /** Throws `validation_failed`, `payload_too_large` and `rate_limited`. */
  async create(user: User, input: MediaCreate, now = new Date()): Promise<z.infer<typeof mediaCreated>> {
    const { repo, store, views, limits, config } = this.#deps;
    const { purpose, type, byteLength, name = null } = input;
    const kind = fileKindOf(type);
    const most = mediaLimits[purpose][kind];
    if (most === undefined) {
      const message = `is not taken for ${purpose}`;
      throw new AppError('validation_failed', undefined, [{ path: 'type', message }]);
    }
    if (byteLength > Math.min(most, config.MEDIA_MAX_BYTES)) throw new AppError('payload_too_large');
    await limits.media(user.id);
    const uploadExpiresAt = new Date(now.getTime() + 900_000);
    const row = await repo.create(
      {
        ownerId: user.id,
        purpose,
        kind,
        declaredType: type,
        declaredBytes: byteLength,
        name,
        uploadExpiresAt,
      },
      config.MEDIA_DAILY_BYTES_PER_USER,
      now,
    );
    const { url, headers, expiresAt } = store.upload(mediaKeys.upload(row.id), { type, byteLength }, now);
    const upload = { method: 'PUT' as const, url, headers, expiresAt: expiresAt.toISOString() };
    return { media: views.view(row), upload };
  }

  /** May be repeated. Throws `not_found`, and `conflict` while the storage has no upload. */
  async complete(user: User, id: string, requestId?: string): Promise<MediaView> {
    const { repo, store, views, jobs, logger } = this.#deps;
    const row = await this.#own(user, id);
    if (row.state !== 'awaiting') return views.view(row);
    const size = await store.size(mediaKeys.upload(id));
    if (size !== row.declaredBytes) throw new AppError('conflict', 'The file was not sent yet.');
    const checking = await repo.beginCheck(id);
    if (checking === null) return views.view(await this.#own(user, id));
    // While Redis is away the sweep has the job begun later.
    await jobs.check(checking, requestId).catch((error: unknown) => {
      logger.warn({ err: error, mediaId: id }, 'the check of a file waits');
    });
    return views.view(checking);
  }

  /**
   * The upload itself, sent to us; `sent` is what its headers say. It may take minutes: `requireStill` throws for who may not send
   * it any more once it is there, and nothing looks at it then. Throws as `complete` does, `validation_failed` and `payload_too_large`.
   */
  async receive(
    user: User,
    id: string,
    sent: {
      type: string;
      byteLength: number;
      body: Readable;
      requestId: string;
      requireStill: () => Promise<unknown>;
    },
  ): Promise<MediaView> {
    const row = await this.#own(user, id);
    if (row.state !== 'awaiting' || row.uploadExpiresAt < new Date()) {
      throw new AppError('conflict', 'The file is not awaited any more.');
    }
    if (sent.byteLength > row.declaredBytes) throw new AppError('payload_too_large');
    const details = [
      ...(sent.byteLength < row.declaredBytes
        ? [{ path: 'content-length', message: 'is less than announced' }]
        : []),
      ...(sent.type === row.declaredType ? [] : [{ path: 'content-type', message: 'is not as announced' }]),
    ];
    if (details.length > 0) throw new AppError('validation_failed', undefined, details);
    await this.#deps.store.put(mediaKeys.upload(id), sent.body, sent);
    await sent.requireStill();
    return this.complete(user, id, sent.requestId);
  }

  /** Own files, the newest first. */
  async list(user: User, input: PageInput): Promise<MediaPage> {
    const after = input.cursor === undefined ? null : decodeCursor(input.cursor);
    const rows = await this.#deps.repo.list(user.id, { after, take: input.limit + 1 });
    const { page, nextCursor } = pageOf(rows, input.limit, ({ createdAt, id }) => ({ at: createdAt, id }));
    return { items: page.map((row) => this.#deps.views.view(row)), nextCursor };
  }

  async get(user: User, id: string): Promise<MediaView> {
    const row = await this.#deps.repo.find(id);
    if (row === null || row.state === 'removing') throw new AppError('not_found');
    if (row.ownerId !== user.id && !(await this.#mayRead(user, row))) throw new AppError('not_found');
    return this.#deps.views.view(row);
  }

  /** Throws `conflict` for the file of a status, which goes with it. */
  async remove(user: User, id: string): Promise<void> {
    const { repo, jobs, logger } = this.#deps;
    const row = await this.#own(user, id);
    if (row.purpose === 'status' && row.uses > 0)
      throw new AppError('conflict', 'Delete the status instead.');
    const unused = row.purpose === 'status' ? { uses: 0 } : {};
    if ((await repo.beginRemoval(id, unused)) === null) throw new AppError('not_found');
    await jobs.remove(id, 'all').catch((error: unknown) => {
      logger.warn({ err: error, mediaId: id }, 'the removal of a file waits');
    });
  }

  async #own(user: User, id: string): Promise<Media> {
    const row = await this.#deps.repo.find(id);
    if (row === null || row.ownerId !== user.id || row.state === 'removing') throw new AppError('not_found');
    return row;
  }

  async #mayRead(user: User, row: Media): Promise<boolean> {
    const reader = this.#deps.readers[row.purpose];
    return row.state === 'ready' && reader !== undefined && (await reader(user, row.id));
  }
}
