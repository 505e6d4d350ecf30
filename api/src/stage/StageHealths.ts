import type { Redis } from '@maydan/common';
import { fact, type FactOf, type StageHealth } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import { healthTtlSec } from '../sessions/healthKey.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import { stageWarnings } from './stageWarnings.ts';

const key = (sessionId: string): string => `maydan:session:${sessionId}:stageHealth`;

/** Several processes handle facts: an older report must not replace a newer one. */
const storeNewer = `
  local old = redis.call('HGET', KEYS[1], ARGV[1])
  if old and cjson.decode(old).at >= ARGV[2] then return 0 end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
  return redis.call('EXPIRE', KEYS[1], ARGV[4])`;

/** How well the people on stage arrive: the newest report of each sfu node, kept as long as reports come (feature L15). */
export class StageHealths {
  readonly #redis: Redis;
  readonly #sessions: Pick<SessionsService, 'findSteerable'>;

  constructor(redis: Redis, sessions: Pick<SessionsService, 'findSteerable'>) {
    this.#redis = redis;
    this.#sessions = sessions;
  }

  async store(report: FactOf<'stage.health'>): Promise<void> {
    const { sessionId, nodeId, at } = report;
    await this.#redis.eval(storeNewer, 1, key(sessionId), nodeId, at, JSON.stringify(report), healthTtlSec);
  }

  /** For the host and moderators. */
  async read(user: User, sessionId: string): Promise<StageHealth> {
    await this.#sessions.findSteerable(user, sessionId, 'look');
    return this.of(sessionId);
  }

  /** For whoever may see it. */
  async of(sessionId: string, now = new Date()): Promise<StageHealth> {
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
