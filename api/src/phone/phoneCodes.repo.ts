import type { Database } from '@maydan/prisma';

export interface NewCode {
  readonly phone: string;
  readonly codeHash: string;
  readonly sentAt: Date;
  readonly expiresAt: Date;
}

/** How often a code may be tried. */
export interface AttemptLimits {
  readonly fromOne: number;
  readonly inAll: number;
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
        "codeHash" = EXCLUDED."codeHash", "attempts" = 0, "attemptsBy" = '{}',
        "sentAt" = EXCLUDED."sentAt", "expiresAt" = EXCLUDED."expiresAt"
      WHERE "PhoneCode"."sentAt" <= ${sentBefore}`;
    return written === 1;
  }

  async sentAt(phone: string): Promise<Date | null> {
    return (await this.#database.phoneCode.findUnique({ where: { phone } }))?.sentAt ?? null;
  }

  /**
   * The hash to compare with, after the attempt was counted; null when there is no code that may be tried, from this address
   * or from any. `from` stands for the address, and is kept with the code.
   */
  async attempt(phone: string, from: string, most: AttemptLimits, now: Date): Promise<string | null> {
    const [code] = await this.#database.$queryRaw<{ codeHash: string }[]>`
      UPDATE "PhoneCode" SET "attempts" = "attempts" + 1,
        "attemptsBy" = "attemptsBy" || jsonb_build_object(${from}::text, coalesce(("attemptsBy"->>${from}::text)::int, 0) + 1)
      WHERE "phone" = ${phone} AND "expiresAt" > ${now}::timestamptz AND "attempts" < ${most.inAll}::int
        AND coalesce(("attemptsBy"->>${from}::text)::int, 0) < ${most.fromOne}::int
      RETURNING "codeHash"`;
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
