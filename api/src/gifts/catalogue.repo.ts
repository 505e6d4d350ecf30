import { writeAudit, type Actor } from '../audit/audit.repo.ts';
import type { Gift, GiftInput, GiftUpdateInput } from '@maydan/contracts';
import { newId, type Database, type Gift as GiftRow, type Prisma } from '@maydan/prisma';

/** So many gifts there are at most. */
export const maxGifts = 500;

/** The catalogue of gifts in PostgreSQL. */
export class CatalogueRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  list(which: 'all' | 'active'): Promise<GiftRow[]> {
    return this.#database.gift.findMany({
      where: which === 'all' ? {} : { active: true },
      orderBy: [{ position: 'asc' }, { id: 'asc' }],
      take: maxGifts,
    });
  }

  count(): Promise<number> {
    return this.#database.gift.count();
  }

  create(input: GiftInput, actor: Actor): Promise<GiftRow> {
    const { name, animation, iconUrl, price, active, position } = input;
    const shown = { ...namesOf(name), ...animationOf(animation), iconUrl };
    const id = newId();
    return this.#database.$transaction(async (transaction) => {
      const row = await transaction.gift.create({ data: { id, ...shown, price, active, position } });
      const about = { actor, target: { kind: 'gift', id }, details: { price, active } } as const;
      await writeAudit(transaction, { ...about, action: 'gift.added' });
      return row;
    });
  }

  /** Null: there is no such gift. */
  update({ id, name, animation, ...rest }: GiftUpdateInput, actor: Actor): Promise<GiftRow | null> {
    const data = Object.fromEntries(
      Object.entries({
        ...rest,
        ...(name === undefined ? {} : namesOf(name)),
        ...(animation === undefined ? {} : animationOf(animation)),
      }).filter(([, value]) => value !== undefined),
    ) satisfies Prisma.GiftUpdateManyMutationInput;
    return this.#database.$transaction(async (transaction) => {
      const { count } = await transaction.gift.updateMany({ where: { id }, data });
      if (count === 0) return null;
      const row = await transaction.gift.findUniqueOrThrow({ where: { id } });
      const { price, active } = row;
      const about = { actor, target: { kind: 'gift', id }, details: { price, active } } as const;
      await writeAudit(transaction, { ...about, action: 'gift.changed' });
      return row;
    });
  }
}

export function giftView(row: GiftRow): Gift {
  const { id, price, active, position } = row;
  return { id, ...shownOf(row), price, active, position };
}

/** What people see of a gift. */
export function shownOf(
  row: Pick<GiftRow, 'nameEn' | 'nameAr' | 'iconUrl' | 'animationKind' | 'animationUrl'>,
) {
  const { animationKind: kind, animationUrl: url } = row;
  return {
    name: { en: row.nameEn, ar: row.nameAr },
    iconUrl: row.iconUrl,
    animation: kind === null || url === null ? null : { kind, url },
  };
}

const namesOf = ({ en, ar }: Gift['name']) => ({ nameEn: en, nameAr: ar });
const animationOf = (animation: Gift['animation']) => ({
  animationKind: animation?.kind ?? null,
  animationUrl: animation?.url ?? null,
});
