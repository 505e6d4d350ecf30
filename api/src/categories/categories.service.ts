import { AppError, type Logger } from '@maydan/common';
import type { Category, CategoryInput, CategoryUpdateInput } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import { actorOf } from '../audit/audit.repo.ts';
import { requireRole } from '../identity/requireRole.ts';
import { categoryView, maxCategories, type CategoriesRepo } from './categories.repo.ts';

/** What sessions can be about (feature L1), managed by admins. None is deleted: sessions refer to them. */
export class CategoriesService {
  readonly #repo: CategoriesRepo;
  readonly #logger: Logger;

  constructor(repo: CategoriesRepo, logger: Logger) {
    this.#repo = repo;
    this.#logger = logger;
  }

  async list(): Promise<{ items: Category[] }> {
    return { items: (await this.#repo.list('active')).map(categoryView) };
  }

  /** Throws `forbidden`. */
  async all(admin: User): Promise<{ items: Category[] }> {
    requireRole(admin, 'admin');
    return { items: (await this.#repo.list('all')).map(categoryView) };
  }

  /** Throws `forbidden`, and `conflict` when there are too many, or one of that slug. */
  async create(admin: User, input: CategoryInput): Promise<Category> {
    requireRole(admin, 'admin');
    if ((await this.#repo.count()) >= maxCategories)
      throw new AppError('conflict', `There are ${maxCategories} categories.`);
    const row = await this.#repo.create(input, actorOf(admin));
    if (row === null) throw new AppError('conflict', 'There is a category of that slug.');
    this.#logger.info({ categoryId: row.id, slug: row.slug, adminId: admin.id }, 'a category was added');
    return categoryView(row);
  }

  /** Throws `forbidden` and `not_found`. */
  async update(admin: User, input: CategoryUpdateInput): Promise<Category> {
    requireRole(admin, 'admin');
    const row = await this.#repo.update(input, actorOf(admin));
    if (row === null) throw new AppError('not_found');
    this.#logger.info({ categoryId: row.id, slug: row.slug, adminId: admin.id }, 'a category was changed');
    return categoryView(row);
  }
}
