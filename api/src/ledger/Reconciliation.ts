import { randomUUID } from 'node:crypto';
import type { Logger, Redis } from '@maydan/common';
import type { LedgerAudit } from '@maydan/contracts';
import { z } from 'zod';
import type { Swept } from '../sessions/SweepTimer.ts';

export interface ReconciliationDependencies {
  readonly redis: Redis;
  readonly audit: () => Promise<LedgerAudit>;
  /** Makes the leaderboards as the ledger says; how many were something else. */
  readonly rebuildLeaderboards: () => Promise<{ drifted: number }>;
  readonly periodMs: number;
  readonly logger: Logger;
}

/** What was found last, by any api process. */
export interface Reconciled {
  readonly at: Date;
  /** Rules of the books that don't hold. */
  readonly problems: number;
  /** Leaderboards that were not as the ledger says; they are now. */
  readonly drifted: number;
}

const turnKey = 'maydan:ledger:reconciling';
const doneKey = 'maydan:ledger:reconciled';
/** Longer than it takes: who dies in the middle is followed by another process then. */
const turnMs = 900_000;
/** Gives the turn back unless it is another's by now. KEYS: turn. ARGV: who. */
const releaseScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`;
const stored = z.object({ at: z.coerce.date(), problems: z.coerce.number(), drifted: z.coerce.number() });

/**
 * Proves once a period, in one of the api processes, that the books balance and that the leaderboards are as the ledger says.
 * What is wrong is logged as an error and stands in the metrics until it is found right again.
 */
export class Reconciliation implements Swept {
  readonly #deps: ReconciliationDependencies;
  readonly #own = randomUUID();

  constructor(dependencies: ReconciliationDependencies) {
    this.#deps = dependencies;
  }

  /** Does nothing until it is time. */
  async run(): Promise<void> {
    const { redis } = this.#deps;
    if (!(await this.#isDue())) return;
    if ((await redis.set(turnKey, this.#own, 'PX', turnMs, 'NX')) === null) return;
    try {
      // Another process may have been done between the two.
      if (await this.#isDue()) await this.#reconcile();
    } finally {
      await redis.eval(releaseScript, 1, turnKey, this.#own);
    }
  }

  /** Null until the first time. */
  async last(): Promise<Reconciled | null> {
    return stored.safeParse(await this.#deps.redis.hgetall(doneKey)).data ?? null;
  }

  async #isDue(): Promise<boolean> {
    const last = await this.last();
    return last === null || Date.now() - last.at.getTime() >= this.#deps.periodMs;
  }

  async #reconcile(): Promise<void> {
    const { redis, audit, rebuildLeaderboards, logger } = this.#deps;
    const at = new Date().toISOString();
    const { problems, entries } = await audit();
    const { drifted } = await rebuildLeaderboards();
    if (problems.length > 0) logger.error({ problems }, 'the books do not balance');
    else logger.info({ entries, drifted }, 'the books balance');
    await redis.hset(doneKey, { at, problems: problems.length, drifted });
  }
}
