import type { Redis } from '@maydan/common';
import { fact, type FactOf, type StageHealth } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import { healthTtlSec } from '../sessions/healthKey.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import { stageWarnings } from './stageWarnings.ts';

const key = (sessionId: string): string => `maydan:session:${sessionId}:stageHealth`;

/** How well the people on stage arrive: the newest report of each sfu node, kept as long as reports come (feature L15). */
export class StageHealths {
  readonly #redis: Redis;
  readonly #sessions: Pick<SessionsService, 'findSteerable'>;

  constructor(redis: Redis, sessions: Pick<SessionsService, 'findSteerable'>) {
    this.#redis = redis;
    this.#sessions = sessions;
  }

  async store(report: FactOf<'stage.health'>): Promise<void> {
    const { sessionId, nodeId } = report;
    const text = await this.#redis.hget(key(sessionId), nodeId);
    if (text !== null && reportOf(text).at >= report.at) return;
    const write = this.#redis.multi().hset(key(sessionId), nodeId, JSON.stringify(report));
    await write.expire(key(sessionId), healthTtlSec).exec();
  }

  /** For the host and moderators. */
  async read(user: User, sessionId: string, now = new Date()): Promise<StageHealth> {
    await this.#sessions.findSteerable(user, sessionId);
    const oldest = new Date(now.getTime() - healthTtlSec * 1_000).toISOString();
    const reports = (await this.#redis.hvals(key(sessionId))).map(reportOf).filter(({ at }) => at > oldest);
    const peers = reports.flatMap((report) => report.peers);
    const at =
      reports
        .map((report) => report.at)
        .sort()
        .at(-1) ?? null;
    return { sessionId, at, peers, warnings: stageWarnings(peers) };
  }
}

function reportOf(text: string): FactOf<'stage.health'> {
  const report = fact.parse(JSON.parse(text));
  if (report.type !== 'stage.health')
    throw new Error('a report of another kind is stored as health of a stage');
  return report;
}
