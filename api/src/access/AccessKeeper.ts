import type { Logger } from '@maydan/common';
import { isShut } from '../sessions/shut.ts';
import { isOver } from '../sessions/controlDocument.ts';
import type { AccessEnds } from './AccessEnds.ts';
import type { AccessRepo, Place } from './access.repo.ts';
import type { PlaybackBans } from './PlaybackBans.ts';
import type { PlaybackBansRepo } from './playbackBans.repo.ts';
import type { PlaybackLeases } from './PlaybackLeases.ts';

export interface AccessKeeperDependencies {
  readonly repo: AccessRepo;
  readonly leases: PlaybackLeases;
  readonly bans: Pick<PlaybackBans, 'repair'>;
  readonly bansRepo: Pick<PlaybackBansRepo, 'recent'>;
  readonly ends: Pick<AccessEnds, 'end'>;
  readonly logger: Logger;
}

type Session = Awaited<ReturnType<AccessRepo['sessions']>>[number];

const periodMs = 1_000;
/** Less than the period: whose turn it was mostly takes the next one, too, and another process when it doesn't. */
const turnMs = 900;
/** Rounds between two looks at which playbacks are private. */
const repairRounds = 5;
/** In one query. */
const maxTogether = 5_000;

/**
 * Looks once a second, in one of the api processes, whether those who were let into private sessions still are: whatever ends
 * somebody's access, nobody has to say so, and no crash comes between. Also gives back to Redis what it lost.
 */
export class AccessKeeper {
  readonly #deps: AccessKeeperDependencies;
  #rounds = 0;

  constructor(dependencies: AccessKeeperDependencies) {
    this.#deps = dependencies;
  }

  static readonly periodMs = periodMs;

  /** One round. */
  async run(): Promise<void> {
    const { repo, leases } = this.#deps;
    if (!(await leases.takeTurn(turnMs))) return;
    if (this.#rounds++ % repairRounds === 0) await this.#repair();
    const ids = await leases.sessions();
    if (ids.length === 0) return;
    const sessions = new Map((await repo.sessions(ids)).map((session) => [session.id, session]));
    const places: Place[] = [];
    for (const id of ids) places.push(...(await this.#placesIn(id, sessions.get(id))));
    for (let first = 0; first < places.length; first += maxTogether)
      await this.#look(places.slice(first, first + maxTogether), sessions);
  }

  /** Of a session that is over, only those who play its recording. */
  async #placesIn(sessionId: string, session: Session | undefined): Promise<Place[]> {
    const { leases } = this.#deps;
    if (session === undefined) {
      await leases.drop(sessionId);
      return [];
    }
    const isGuarded = isShut(session);
    if (!isGuarded || isOver(session.state)) await leases.dropAdmitted(session);
    const userIds = [...new Set([...(await leases.playing(session)), ...(await leases.admitted(session))])];
    if (userIds.length === 0) await leases.forget(session);
    if (!isGuarded) return [];
    return userIds.map((userId) => ({ sessionId, userId }));
  }

  async #look(places: readonly Place[], sessions: ReadonlyMap<string, Session>): Promise<void> {
    const { repo, ends, logger } = this.#deps;
    const watching = await repo.watching(places);
    const lost = Map.groupBy(
      places.filter(({ sessionId, userId }) => !watching.has(`${sessionId} ${userId}`)),
      ({ sessionId }) => sessionId,
    );
    for (const [sessionId, gone] of lost) {
      const session = sessions.get(sessionId);
      if (session === undefined) continue;
      const userIds = gone.map(({ userId }) => userId);
      await ends.end(session, userIds);
      logger.info({ sessionId, userIds }, 'access to a private session ended');
    }
  }

  /** A process may have died between PostgreSQL and Redis, and Redis may have lost everything. */
  async #repair(): Promise<void> {
    const { repo, leases, bans, bansRepo, logger } = this.#deps;
    if (await bans.repair(() => bansRepo.recent(new Date()))) logger.warn('Redis did not know all bans');
    if ((await repo.countPrivate()) === (await leases.countPrivate())) return;
    logger.warn('Redis did not know which playbacks are private');
    for (let after = ''; ;) {
      const ids = await repo.privatePlaybacks(after, maxTogether);
      await leases.addPrivate(ids);
      const last = ids.at(-1);
      if (last === undefined || ids.length < maxTogether) break;
      after = last;
    }
    for await (const ids of leases.allPrivate()) {
      const known = await repo.privateAmong(ids);
      for (const id of ids) if (!known.has(id)) await leases.setPrivate(id, false);
    }
  }
}
