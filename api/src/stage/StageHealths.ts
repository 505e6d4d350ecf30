import type { Redis } from '@maydan/common';
import { fact, type Fact, type FactOf, type StageHealth } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import { healthTtlSec } from '../sessions/healthKey.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import { stageWarnings } from './stageWarnings.ts';

const key = (sessionId: string): string => `maydan:session:${sessionId}:stageHealth`;
/** Field of the worker that composes the stage, beside those of the nodes. */
const composer = 'composer';
type Report = FactOf<'stage.health' | 'stage.composed'>;

/** Several processes handle facts: an older report must not replace a newer one. */
const storeNewer = `
  local old = redis.call('HGET', KEYS[1], ARGV[1])
  if old and cjson.decode(old).at >= ARGV[2] then return 0 end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
  return redis.call('EXPIRE', KEYS[1], ARGV[4])`;

/**
 * How well the people on stage arrive, and get into the broadcast: the newest report of each sfu node and of the worker that
 * composes, kept as long as reports come (feature L15).
 */
export class StageHealths {
  readonly #redis: Redis;
  readonly #sessions: Pick<SessionsService, 'findSteerable'>;

  constructor(redis: Redis, sessions: Pick<SessionsService, 'findSteerable'>) {
    this.#redis = redis;
    this.#sessions = sessions;
  }

  async store(report: Report): Promise<void> {
    const { sessionId, at } = report;
    const field = report.type === 'stage.composed' ? composer : report.nodeId;
    await this.#redis.eval(storeNewer, 1, key(sessionId), field, at, JSON.stringify(report), healthTtlSec);
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
    const peers = reports.flatMap((report) => (report.type === 'stage.health' ? report.peers : []));
    const composition = reports.find((report) => report.type === 'stage.composed')?.composition ?? null;
    const at =
      reports
        .map((report) => report.at)
        .sort()
        .at(-1) ?? null;
    return { sessionId, at, peers, composition, warnings: stageWarnings(peers, composition) };
  }
}

function reportOf(text: string): Report {
  const report: Fact = fact.parse(JSON.parse(text));
  if (report.type !== 'stage.health' && report.type !== 'stage.composed')
    throw new Error('a report of another kind is stored as health of a stage');
  return report;
}
