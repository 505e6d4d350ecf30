import type { Database } from '@maydan/prisma';
import { exported, type ExportedRow, type PersonalData } from '../personalData/PersonalData.ts';
import { toMe } from './toMe.ts';

/** The account itself is emptied when it is closed; its devices go here. */
export class IdentityData implements PersonalData {
  readonly name = 'identity';
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async erase(userId: string): Promise<'done'> {
    await this.#database.signIn.deleteMany({ where: { userId } });
    await this.#database.emailCode.deleteMany({ where: { userId } });
    return 'done';
  }

  async *export(userId: string): AsyncGenerator<ExportedRow> {
    const user = await this.#database.user.findUnique({ where: { id: userId } });
    if (user !== null) yield { kind: 'account', row: { ...toMe(user), googleSubject: user.googleSubject } };
    yield* exported('emailCodes', () =>
      this.#database.emailCode.findMany({ where: { userId }, select: { email: true, sentAt: true } }),
    );
    yield* exported('devices', (take, after: { id: string } | null) =>
      this.#database.signIn.findMany({
        where: { userId, ...(after === null ? {} : { id: { gt: after.id } }) },
        orderBy: { id: 'asc' },
        take,
        select: {
          id: true,
          userAgent: true,
          deviceName: true,
          createdAt: true,
          lastUsedAt: true,
          endedAt: true,
        },
      }),
    );
  }
}
