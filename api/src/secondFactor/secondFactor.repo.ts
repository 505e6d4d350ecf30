import type { Database, DatabaseTransaction, SecondFactor, User } from '@maydan/prisma';

/** Second factors in PostgreSQL. One that isn't on (`User.secondFactorAt`) waits to be confirmed. */
export class SecondFactorRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  findUser(id: string): Promise<User | null> {
    return this.#database.user.findUnique({ where: { id } });
  }

  find(userId: string): Promise<SecondFactor | null> {
    return this.#database.secondFactor.findUnique({ where: { userId } });
  }

  /** Replaces a secret that waits; false when the second factor is on, or the account was closed meanwhile. */
  begin(userId: string, sealedSecret: string): Promise<boolean> {
    return this.#database.$transaction(async (transaction) => {
      const { count } = await transaction.user.updateMany({
        where: { id: userId, secondFactorAt: null, deletedAt: null },
        data: { secondFactorAt: null },
      });
      if (count === 0) return false;
      const data = { sealedSecret, lastStep: 0, createdAt: new Date() };
      await transaction.secondFactor.upsert({ where: { userId }, create: { userId, ...data }, update: data });
      return true;
    });
  }

  /** Turns on the secret whose code was checked; false when it is another one by now, or on already. */
  confirm(
    { userId, sealedSecret }: SecondFactor,
    { step, hashes, at }: { step: number; hashes: readonly string[]; at: Date },
  ): Promise<boolean> {
    return this.#database.$transaction(async (transaction) => {
      const { count } = await transaction.user.updateMany({
        where: { id: userId, secondFactorAt: null, secondFactor: { sealedSecret } },
        data: { secondFactorAt: at },
      });
      if (count === 0) return false;
      await transaction.secondFactor.update({ where: { userId }, data: { lastStep: step } });
      await transaction.recoveryCode.createMany({ data: hashes.map((hash) => ({ userId, hash })) });
      return true;
    });
  }

  /** Takes a step as used; false when it, or a later one, was used before. Of simultaneous uses one succeeds. */
  async useStep(userId: string, step: number): Promise<boolean> {
    const { count } = await this.#database.secondFactor.updateMany({
      where: { userId, lastStep: { lt: step } },
      data: { lastStep: step },
    });
    return count > 0;
  }

  /** Uses a recovery code up; false when there is no such one. */
  async useRecoveryCode(userId: string, hash: string): Promise<boolean> {
    const { count } = await this.#database.recoveryCode.deleteMany({ where: { userId, hash } });
    return count > 0;
  }

  /** Of simultaneous replacements the last one stays; false when no second factor is on by now. */
  replaceRecoveryCodes(userId: string, hashes: readonly string[]): Promise<boolean> {
    return this.#database.$transaction(async (transaction) => {
      const where = { userId, user: { secondFactorAt: { not: null } } };
      // Whoever replaces them, or turns the second factor off, waits for this row.
      const { count } = await transaction.secondFactor.updateMany({ where, data: { userId } });
      if (count === 0) return false;
      await transaction.recoveryCode.deleteMany({ where: { userId } });
      await transaction.recoveryCode.createMany({ data: hashes.map((hash) => ({ userId, hash })) });
      return true;
    });
  }

  async remove(userId: string): Promise<void> {
    await this.#database.$transaction((transaction) => removeSecondFactor(transaction, userId));
  }
}

/** Also one that waits. Answers whether one was on, of simultaneous calls once. */
export async function removeSecondFactor(transaction: DatabaseTransaction, userId: string): Promise<boolean> {
  const { count } = await transaction.user.updateMany({
    where: { id: userId, secondFactorAt: { not: null } },
    data: { secondFactorAt: null },
  });
  await transaction.secondFactor.deleteMany({ where: { userId } });
  await transaction.recoveryCode.deleteMany({ where: { userId } });
  return count > 0;
}
