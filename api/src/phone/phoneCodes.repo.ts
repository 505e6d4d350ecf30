import type { Database } from '@maydan/prisma';

export interface NewCode {
  readonly phone: string;
  readonly codeHash: string;
  readonly sentAt: Date;
  readonly expiresAt: Date;
}

/** Codes that were sent to phones, in PostgreSQL: one for each number. */
export class PhoneCodesRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** False when one was sent after `sentBefore`. Of simultaneous calls exactly one is true. */
  async replace({ phone, codeHash, sentAt, expiresAt }: NewCode, sentBefore: Date): Promise<boolean> {
    const written = await this.#database.$executeRaw`
      INSERT INTO "PhoneCode" ("phone", "codeHash", "attempts", "sentAt", "expiresAt")
      VALUES (${phone}, ${codeHash}, 0, ${sentAt}, ${expiresAt})
      ON CONFLICT ("phone") DO UPDATE SET
        "codeHash" = EXCLUDED."codeHash", "attempts" = 0,
        "sentAt" = EXCLUDED."sentAt", "expiresAt" = EXCLUDED."expiresAt"
      WHERE "PhoneCode"."sentAt" <= ${sentBefore}`;
    return written === 1;
  }

  async sentAt(phone: string): Promise<Date | null> {
    return (await this.#database.phoneCode.findUnique({ where: { phone } }))?.sentAt ?? null;
  }

  /** The hash to compare with, after the attempt was counted; null when there is no code that may be tried. */
  async attempt(phone: string, maxAttempts: number, now: Date): Promise<string | null> {
    const [code] = await this.#database.phoneCode.updateManyAndReturn({
      where: { phone, attempts: { lt: maxAttempts }, expiresAt: { gt: now } },
      data: { attempts: { increment: 1 } },
    });
    return code?.codeHash ?? null;
  }

  /** True for one of those who use the same code. */
  async remove(phone: string, codeHash: string): Promise<boolean> {
    return (await this.#database.phoneCode.deleteMany({ where: { phone, codeHash } })).count === 1;
  }

  async deleteExpired(before: Date): Promise<number> {
    return (await this.#database.phoneCode.deleteMany({ where: { expiresAt: { lt: before } } })).count;
  }
}
