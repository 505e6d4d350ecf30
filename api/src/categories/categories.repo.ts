import type { Category, CategoryInput, CategoryUpdateInput } from '@maydan/contracts';
import { newId, type Category as CategoryRow, type Database, type DatabaseTransaction } from '@maydan/prisma';
import { writeAudit, type Actor } from '../audit/audit.repo.ts';

/** So many there are at most. */
export const maxCategories = 500;

/** What sessions can be about, in PostgreSQL. */
export class CategoriesRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  list(which: 'all' | 'active'): Promise<CategoryRow[]> {
    return this.#database.category.findMany({
      where: which === 'all' ? {} : { active: true },
      orderBy: [{ position: 'asc' }, { slug: 'asc' }],
      take: maxCategories,
    });
  }

  async isActive(slug: string): Promise<boolean> {
    const found = await this.#database.category.findUnique({ where: { slug }, select: { active: true } });
    return found?.active === true;
  }

  count(): Promise<number> {
    return this.#database.category.count();
  }

  /** Null: there is one of that slug. */
  create({ slug, name, active, position }: CategoryInput, actor: Actor): Promise<CategoryRow | null> {
    const id = newId();
    const data = { id, slug, nameEn: name.en, nameAr: name.ar, active, position };
    return this.#database.$transaction(async (transaction) => {
      const { count } = await transaction.category.createMany({ data, skipDuplicates: true });
      return count === 0 ? null : note(transaction, id, actor, 'category.added');
    });
  }

  /** Null: there is no such category. */
  update({ id, name, active, position }: CategoryUpdateInput, actor: Actor): Promise<CategoryRow | null> {
    const data = {
      ...(name === undefined ? {} : { nameEn: name.en, nameAr: name.ar }),
      ...(active === undefined ? {} : { active }),
      ...(position === undefined ? {} : { position }),
    };
    return this.#database.$transaction(async (transaction) => {
      const { count } = await transaction.category.updateMany({ where: { id }, data });
      return count === 0 ? null : note(transaction, id, actor, 'category.changed');
    });
  }
}

async function note(
  transaction: DatabaseTransaction,
  id: string,
  actor: Actor,
  action: 'category.added' | 'category.changed',
): Promise<CategoryRow> {
  const row = await transaction.category.findUniqueOrThrow({ where: { id } });
  const { slug, active } = row;
  await writeAudit(transaction, {
    actor,
    target: { kind: 'category', id },
    action,
    details: { slug, active },
  });
  return row;
}

export function categoryView({ id, slug, nameEn, nameAr, active, position }: CategoryRow): Category {
  return { id, slug, name: { en: nameEn, ar: nameAr }, active, position };
}
