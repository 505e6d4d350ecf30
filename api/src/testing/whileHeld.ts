import { waitUntil } from '@maydan/infra';
import type { Database, DatabaseTransaction, Prisma } from '@maydan/prisma';

export interface HeldStep<T> {
  /** Whether it waits for the row, or comes to its end meanwhile. */
  readonly waits: boolean;
  readonly begin: () => Promise<T>;
}

/**
 * While nobody gets at a row, or a table, which `lock` (`SELECT … FOR UPDATE`) holds: the steps begin one after the other, once those before
 * wait (if they do). PostgreSQL lets them go on in this order. Their answers come after it.
 */
export function whileHeld<T>(
  database: Database,
  lock: Prisma.Sql,
  steps: readonly HeldStep<T>[],
): Promise<Promise<T>[]> {
  return database.$transaction(
    async (transaction) => {
      await transaction.$executeRaw(lock);
      const begun: Promise<T>[] = [];
      let count = 0;
      for (const { waits, begin } of steps) {
        const answer = begin();
        begun.push(answer);
        if (waits) count += 1;
        else await answer;
        const isSo = async () => (await waiting(transaction)) >= count;
        await waitUntil('it to wait', isSo, 60_000);
      }
      return begun;
    },
    { timeout: 120_000 },
  );
}

/** How many connections wait for this one's locks, and for those of connections that do. */
async function waiting(database: DatabaseTransaction): Promise<number> {
  const [row] = await database.$queryRaw<{ count: number }[]>`
    WITH RECURSIVE behind("pid") AS (
      SELECT pg_backend_pid() UNION
      SELECT l."pid" FROM behind b, pg_locks l WHERE NOT l."granted" AND b."pid" = ANY(pg_blocking_pids(l."pid"))
    ) SELECT count(*)::int - 1 AS "count" FROM behind`;
  return row?.count ?? 0;
}
