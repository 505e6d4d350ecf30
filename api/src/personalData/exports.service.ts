import { AppError, type Logger } from '@maydan/common';
import type { AccountExport, AccountExportPage, AccountExportWithFiles } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import type { PageInput } from '../people/listed.ts';
import { decodeCursor, pageOf } from '../sessions/cursor.ts';
import type { ExportQueue } from './ExportQueue.ts';
import type { ExportsRepo } from './exports.repo.ts';
import type { ExportStore } from './ExportStore.ts';
import { isAvailable, toAccountExport } from './exportView.ts';

export interface ExportsDependencies {
  readonly exports: ExportsRepo;
  readonly queue: ExportQueue;
  readonly store: ExportStore;
  readonly logger: Logger;
}

/** Copies of all that is kept about people, for themselves alone (feature I5). One of somebody else is `not_found`. */
export class ExportsService {
  readonly #deps: ExportsDependencies;

  constructor(dependencies: ExportsDependencies) {
    this.#deps = dependencies;
  }

  /** Throws `conflict` while one is being made, and `rate_limited` after three in a day. */
  async request({ id: userId }: Pick<User, 'id'>): Promise<AccountExport> {
    const { exports, queue, logger } = this.#deps;
    const now = new Date();
    const row = await exports.create(userId, now);
    logger.info({ userId, exportId: row.id }, 'an export was asked for');
    // While Redis is away the sweep queues it later.
    await queue.add(row).catch((error: unknown) => {
      logger.warn({ err: error, exportId: row.id }, 'an export waits');
    });
    return toAccountExport(row, now);
  }

  async list({ id: userId }: Pick<User, 'id'>, input: PageInput): Promise<AccountExportPage> {
    const after = input.cursor === undefined ? null : decodeCursor(input.cursor);
    const rows = await this.#deps.exports.list(userId, { after, take: input.limit + 1 });
    const { page, nextCursor } = pageOf(rows, input.limit, ({ createdAt, id }) => ({ at: createdAt, id }));
    const now = new Date();
    return { items: page.map((row) => toAccountExport(row, now)), nextCursor };
  }

  async get({ id: userId }: Pick<User, 'id'>, id: string): Promise<AccountExportWithFiles> {
    const { exports, store } = this.#deps;
    const row = await exports.find(userId, id);
    if (row === null) throw new AppError('not_found');
    const now = new Date();
    return { ...toAccountExport(row, now), files: isAvailable(row, now) ? store.links(row, now) : [] };
  }
}
