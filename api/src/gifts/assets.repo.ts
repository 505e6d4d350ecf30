import type { GiftAssetKind } from '@maydan/contracts';
import type { Database } from '@maydan/prisma';
import { writeAudit, type Actor } from '../audit/audit.repo.ts';

/** So many icons and animations are stored at most. */
export const maxAssets = 2_000;

/** Icons and animations of gifts in PostgreSQL. */
export class AssetsRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Again, it changes nothing. False: there are too many. */
  async add(
    asset: {
      hash: string;
      kind: GiftAssetKind;
      content: Uint8Array<ArrayBuffer>;
    },
    actor: Actor,
  ): Promise<boolean> {
    if ((await this.find(asset.hash)) !== null) return true;
    if ((await this.#database.giftAsset.count()) >= maxAssets) return false;
    await this.#database.$transaction(async (transaction) => {
      const { count } = await transaction.giftAsset.createMany({ data: asset, skipDuplicates: true });
      const target = { kind: 'giftAsset', id: asset.hash } as const;
      if (count > 0) await writeAudit(transaction, { actor, action: 'giftAsset.added', target });
    });
    return true;
  }

  find(hash: string): Promise<{ kind: GiftAssetKind; content: Uint8Array } | null> {
    return this.#database.giftAsset.findUnique({ where: { hash }, select: { kind: true, content: true } });
  }
}
