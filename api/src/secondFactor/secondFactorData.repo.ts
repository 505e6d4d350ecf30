import type { Database } from '@maydan/prisma';
import type { ExportedRow, PersonalData } from '../personalData/PersonalData.ts';
import { SecondFactorRepo } from './secondFactor.repo.ts';

/** Secret and recovery codes; of what is secret an export says nothing but since when it is on. */
export class SecondFactorData implements PersonalData {
  readonly name = 'second factor';
  readonly #repo: SecondFactorRepo;

  constructor(database: Database) {
    this.#repo = new SecondFactorRepo(database);
  }

  async erase(userId: string): Promise<'done'> {
    await this.#repo.remove(userId);
    return 'done';
  }

  async *export(userId: string): AsyncGenerator<ExportedRow> {
    const onSince = (await this.#repo.findUser(userId))?.secondFactorAt ?? null;
    if (onSince !== null) yield { kind: 'secondFactor', row: { onSince } };
  }
}
