import type { Database } from '@maydan/prisma';
import { exported, type ExportedRow, type PersonalData } from '../personalData/PersonalData.ts';

/** Gifts stay, as the books do; what a deleted person wrote with them goes. */
export class GiftsData implements PersonalData {
  readonly name = 'gifts';
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async erase(userId: string): Promise<'done'> {
    await this.#database.sentGift.updateMany({
      where: { senderId: userId, message: { not: '' } },
      data: { message: '' },
    });
    return 'done';
  }

  async *export(userId: string): AsyncGenerator<ExportedRow> {
    for (const [kind, who] of [
      ['giftsSent', 'senderId'],
      ['giftsReceived', 'recipientId'],
    ] as const) {
      yield* exported(kind, async (take, after: { id: string } | null) => {
        const rows = await this.#database.sentGift.findMany({
          where: { [who]: userId, ...(after === null ? {} : { id: { gt: after.id } }) },
          orderBy: { id: 'asc' },
          take,
        });
        return rows.map(({ coins, commission, ...row }) => ({
          ...row,
          ...{ coins: Number(coins), commission: Number(commission) },
        }));
      });
    }
  }
}
