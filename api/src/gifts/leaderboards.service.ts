import { AppError, type Logger } from '@maydan/common';
import type { Leaderboard, LeaderboardPeriod, leaderboardsRebuilt } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import type { z } from 'zod';
import { actorOf, audited, type Also } from '../audit/audit.repo.ts';
import { requireRole } from '../identity/requireRole.ts';
import type { Viewer } from '../people/blocks.repo.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import { bucketOf, givenTo, receivers, sessionBoard } from './boards.ts';
import type { Leaderboards } from './Leaderboards.ts';
import type { GiftNewsRepo, Standing } from './news.repo.ts';
import type { SeenUsers } from './seenUsers.repo.ts';

export interface LeaderboardsDependencies {
  readonly leaderboards: Leaderboards;
  readonly news: GiftNewsRepo;
  readonly seen: SeenUsers;
  readonly sessions: Pick<SessionsService, 'findVisible'>;
  readonly logger: Logger;
}

/** Who gave and got most (feature G4). */
export class LeaderboardsService {
  readonly #deps: LeaderboardsDependencies;

  constructor(dependencies: LeaderboardsDependencies) {
    this.#deps = dependencies;
  }

  /** Throws `not_found`. */
  async ofSession(viewer: Viewer, { id, limit }: { id: string; limit: number }): Promise<Leaderboard> {
    await this.#deps.sessions.findVisible(viewer, id);
    return this.#board(viewer, sessionBoard(id), limit);
  }

  /** Throws `not_found`. */
  async ofUser(
    viewer: Viewer,
    { id, period, limit }: { id: string; period: LeaderboardPeriod; limit: number },
  ): Promise<Leaderboard> {
    if (!(await this.#deps.seen.find(viewer, [id])).has(id)) throw new AppError('not_found');
    return this.#board(viewer, givenTo(id, period, bucketOf(period, new Date())), limit);
  }

  ofHosts(
    viewer: Viewer,
    { period, limit }: { period: LeaderboardPeriod; limit: number },
  ): Promise<Leaderboard> {
    return this.#board(viewer, receivers(period, bucketOf(period, new Date())), limit);
  }

  /** By an admin. Throws `forbidden`. */
  rebuildAs(admin: User): Promise<z.infer<typeof leaderboardsRebuilt>> {
    requireRole(admin, 'admin');
    const target = { kind: 'leaderboards', id: 'all' } as const;
    return this.rebuild(
      new Date(),
      audited({ actor: actorOf(admin), action: 'leaderboards.rebuilt', target }),
    );
  }

  /** From the ledger. What was not as the ledger says is logged: it never should be, unless Redis lost its data. */
  async rebuild(now = new Date(), also?: Also): Promise<z.infer<typeof leaderboardsRebuilt>> {
    const { news, leaderboards, logger } = this.#deps;
    const replace = async ({ boards, pending }: Standing) => {
      const drifted = await leaderboards.replace(boards, pending);
      if (drifted > 0) logger.warn({ drifted }, 'leaderboards were not as the ledger says');
      return { boards: boards.size, drifted };
    };
    return news.standing(now, replace, also);
  }

  /** Ranks count those who are hidden, too. */
  async #board(viewer: Viewer, key: string, limit: number): Promise<Leaderboard> {
    const top = await this.#deps.leaderboards.top(key, limit);
    const users = await this.#deps.seen.find(
      viewer,
      top.map(({ id }) => id),
    );
    const items = top.flatMap(({ id, coins }, at) => {
      const user = users.get(id);
      return user === undefined ? [] : [{ user, coins, rank: at + 1 }];
    });
    return { items };
  }
}
