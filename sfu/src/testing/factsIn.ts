import type { Redis } from '@maydan/common';
import { fact, factStream } from '@maydan/contracts';
import type { Fact } from '@maydan/contracts';

/** All facts that were told so far, oldest first. */
export async function factsIn(redis: Redis): Promise<Fact[]> {
  const entries = await redis.xrange(factStream, '-', '+');
  return entries.map(([, fields]) => fact.parse(JSON.parse(fields[1] ?? '')));
}
