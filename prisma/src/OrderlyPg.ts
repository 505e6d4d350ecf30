import { PrismaPg } from '@prisma/adapter-pg';
import type { SqlQuery, Transaction } from '@prisma/driver-adapter-utils';

/**
 * Statements of a transaction go to its one connection one after the other. Prisma asks for several relations of a row at once,
 * there too (prisma/orm#29407): pg takes that with a warning, and from version 9 on not at all.
 */
export class OrderlyPg extends PrismaPg {
  override async connect() {
    const adapter = await super.connect();
    const start = adapter.startTransaction.bind(adapter);
    adapter.startTransaction = async (level) => inTurn(await start(level));
    return adapter;
  }
}

function inTurn(transaction: Transaction): Transaction {
  let last: Promise<unknown> = Promise.resolve();
  const waiting =
    <T>(send: (query: SqlQuery) => Promise<T>) =>
    (query: SqlQuery): Promise<T> => {
      const answer = last.then(() => send(query));
      last = answer.catch(() => undefined);
      return answer;
    };
  transaction.queryRaw = waiting(transaction.queryRaw.bind(transaction));
  transaction.executeRaw = waiting(transaction.executeRaw.bind(transaction));
  return transaction;
}
