import { AppError, type Logger } from '@maydan/common';
import type { Gift, GiftInput, GiftUpdateInput } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import { actorOf } from '../audit/audit.repo.ts';
import { requireRole } from '../identity/requireRole.ts';
import { giftView, maxGifts, type CatalogueRepo } from './catalogue.repo.ts';

/** The gifts that there are (feature G3), managed by admins. None is deleted: sent ones refer to them. */
export class CatalogueService {
  readonly #repo: CatalogueRepo;
  readonly #logger: Logger;

  constructor(repo: CatalogueRepo, logger: Logger) {
    this.#repo = repo;
    this.#logger = logger;
  }

  async list(): Promise<{ items: Gift[] }> {
    return { items: (await this.#repo.list('active')).map(giftView) };
  }

  /** Throws `forbidden`. */
  async all(admin: User): Promise<{ items: Gift[] }> {
    requireRole(admin, 'admin');
    return { items: (await this.#repo.list('all')).map(giftView) };
  }

  /** Throws `forbidden`, and `conflict` when there are too many. */
  async create(admin: User, input: GiftInput): Promise<Gift> {
    requireRole(admin, 'admin');
    if ((await this.#repo.count()) >= maxGifts)
      throw new AppError('conflict', `There are ${maxGifts} gifts.`);
    const gift = giftView(await this.#repo.create(input, actorOf(admin)));
    this.#logger.info({ giftId: gift.id, adminId: admin.id }, 'a gift was added to the catalogue');
    return gift;
  }

  /** Throws `forbidden` and `not_found`. */
  async update(admin: User, input: GiftUpdateInput): Promise<Gift> {
    requireRole(admin, 'admin');
    const row = await this.#repo.update(input, actorOf(admin));
    if (row === null) throw new AppError('not_found');
    this.#logger.info({ giftId: row.id, adminId: admin.id }, 'a gift of the catalogue was changed');
    return giftView(row);
  }
}
