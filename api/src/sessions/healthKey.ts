import type { Redis } from '@maydan/common';
import type { StreamHealth } from '@maydan/contracts';

/** Redis key of the newest health report of a session; it expires when reports stop. */
export const healthKey = (sessionId: string): string => `maydan:session:${sessionId}:health`;
export const healthTtlSec = 30;

const storeNewer = `
  local old = redis.call('GET', KEYS[1])
  if old and cjson.decode(old).at > ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
  return 1`;

/** Several processes handle facts: an older report doesn't replace a newer one. */
export async function storeHealth(redis: Redis, sessionId: string, health: StreamHealth): Promise<void> {
  await redis.eval(storeNewer, 1, healthKey(sessionId), health.at, JSON.stringify(health), healthTtlSec);
}
