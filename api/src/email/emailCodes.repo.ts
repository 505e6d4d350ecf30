import type { Database } from '@maydan/prisma';

export interface NewEmailCode {
  readonly userId: string;
  readonly email: string;
  readonly codeHash: string;
  readonly sentAt: Date;
  readonly expiresAt: Date;
}

/** Codes that were sent to email addresses, in PostgreSQL: one for each user. */
export class EmailCodesRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** False when one was sent after `sentBefore`. Of simultaneous calls exactly one is true. */
  async replace(
    { userId, email, codeHash, sentAt, expiresAt }: NewEmailCode,
    sentBefore: Date,
  ): Promise<boolean> {
    const written = await this.#database.$executeRaw`
      INSERT INTO "EmailCode" ("userId", "email", "codeHash", "sentAt", "expiresAt")
      VALUES (${userId}::uuid, ${email}, ${codeHash}, ${sentAt}, ${expiresAt})
      ON CONFLICT ("userId") DO UPDATE SET
        "email" = EXCLUDED."email", "codeHash" = EXCLUDED."codeHash", "attempts" = 0,
        "sentAt" = EXCLUDED."sentAt", "expiresAt" = EXCLUDED."expiresAt"
      WHERE "EmailCode"."sentAt" <= ${sentBefore}`;
    return written === 1;
  }

  async sentAt(userId: string): Promise<Date | null> {
    return (await this.#database.emailCode.findUnique({ where: { userId } }))?.sentAt ?? null;
  }

  /** The hash to compare with, after the attempt was counted; null when there is no code that may be tried. */
  async attempt(userId: string, maxAttempts: number, now: Date): Promise<string | null> {
    const [code] = await this.#database.emailCode.updateManyAndReturn({
      where: { userId, attempts: { lt: maxAttempts }, expiresAt: { gt: now } },
      data: { attempts: { increment: 1 } },
    });
    return code?.codeHash ?? null;
  }

  /** True for one of those who use the same code. */
  async remove(userId: string, codeHash: string): Promise<boolean> {
    return (await this.#database.emailCode.deleteMany({ where: { userId, codeHash } })).count === 1;
  }

  async deleteExpired(before: Date): Promise<number> {
    return (await this.#database.emailCode.deleteMany({ where: { expiresAt: { lt: before } } })).count;
  }
}
