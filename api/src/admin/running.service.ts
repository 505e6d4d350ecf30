import { AppError, listNodes, parseJson, type KnownNode, type Redis } from '@maydan/common';
import {
  streamHealth,
  type RunningSession,
  type RunningSessionPage,
  type RunningSessionsInput,
  type StreamHealth,
} from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import { requireRole } from '../identity/requireRole.ts';
import { decodeCursor, pageOf } from '../sessions/cursor.ts';
import { healthKey } from '../sessions/healthKey.ts';
import type { SessionRow } from '../sessions/sessions.repo.ts';
import { sessionView } from '../sessions/sessionView.ts';
import type { StageHealths } from '../stage/StageHealths.ts';
import type { RunningRepo } from './running.repo.ts';

export interface RunningDependencies {
  readonly repo: RunningRepo;
  readonly redis: Redis;
  readonly stageHealths: Pick<StageHealths, 'of'>;
}

/** Sessions that run, with how they do and where, for admins (feature M6). */
export class RunningService {
  readonly #deps: RunningDependencies;

  constructor(dependencies: RunningDependencies) {
    this.#deps = dependencies;
  }

  /** Throws `forbidden`. `base` is the playback base of the one who asks. */
  async list(
    admin: User,
    { cursor, limit, ...which }: RunningSessionsInput,
    base: string,
  ): Promise<RunningSessionPage> {
    requireRole(admin, 'admin');
    const after = cursor === undefined ? null : decodeCursor(cursor);
    const rows = await this.#deps.repo.list({ ...which, after, take: limit + 1 });
    const { page, nextCursor } = pageOf(rows, limit, ({ id, createdAt }) => ({ id, at: createdAt }));
    return { items: await this.#views(page, base), nextCursor };
  }

  /** Also one that doesn't run. Throws `forbidden` and `not_found`. */
  async get(admin: User, id: string, base: string): Promise<RunningSession> {
    requireRole(admin, 'admin');
    const row = await this.#deps.repo.find(id);
    const [found] = row === null ? [] : await this.#views([row], base);
    if (found === undefined) throw new AppError('not_found');
    return found;
  }

  async #views(page: readonly SessionRow[], base: string): Promise<RunningSession[]> {
    if (page.length === 0) return [];
    const { redis, stageHealths } = this.#deps;
    const [healths, stages, nodes] = await Promise.all([
      redis.mget(page.map(({ id }) => healthKey(id))),
      Promise.all(page.map(({ id }) => stageHealths.of(id))),
      listNodes(redis),
    ]);
    return page.flatMap((row, at) => {
      const stageHealth = stages[at];
      if (stageHealth === undefined) return [];
      return [{ ...view(row, base, nodes), health: healthOf(healths[at] ?? null), stageHealth }];
    });
  }
}

function view(row: SessionRow, base: string, nodes: readonly KnownNode[]) {
  return {
    session: sessionView(row, base),
    source: row.relayUrl === null ? null : row.sourceKind,
    stateSince: row.stateChangedAt.toISOString(),
    nodes: nodes
      .filter(({ alive, sessions }) => alive && sessions.includes(row.id))
      .map(({ service, nodeId }) => ({ service, nodeId })),
  } satisfies Omit<RunningSession, 'health' | 'stageHealth'>;
}

/** What a worker of another version says is passed over. */
function healthOf(text: string | null): StreamHealth | null {
  return streamHealth.safeParse(parseJson(text ?? '')).data ?? null;
}
