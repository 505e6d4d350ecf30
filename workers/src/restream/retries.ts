import type { RestreamFault } from '@maydan/contracts';
import { backOffMs, type BackOffOptions } from '../storage/backOff.ts';

/** So many connections in a row may come to nothing for a reason; others are tried for as long as there is a source. */
const mostTries: Partial<Record<RestreamFault, number>> = {
  addressRefused: 1,
  codecUnsupported: 1,
  keyUnreadable: 1,
  rejected: 4,
  certificate: 4,
  protocol: 4,
};
/** A target that ends each stream soon after it began doesn't want it; one that starts anew is back before. */
const mostShortLives = 8;
const shortLifeMs = 5_000;
/** A connection that lasted this long was good: counting begins anew. */
const goodLifeMs = 30_000;

export const defaultRetry: BackOffOptions = { firstMs: 1_000, maxMs: 60_000 };

export type RetryDecision =
  | { readonly type: 'giveUp'; readonly failures: number; readonly code: RestreamFault }
  | { readonly type: 'retry'; readonly failures: number; readonly inMs: number };

/** What follows a connection that ended by the fault of its target. `failures`: such connections in a row before it. */
export function decideRetry(
  ended: { readonly code: RestreamFault; readonly liveMs: number },
  before: { readonly failures: number; readonly shortLives: number },
  backOff: BackOffOptions,
  random = Math.random(),
): RetryDecision {
  const failures = (ended.liveMs >= goodLifeMs ? 0 : before.failures) + 1;
  if (failures >= (mostTries[ended.code] ?? Infinity)) return { type: 'giveUp', failures, code: ended.code };
  const isShort = isShortLife(ended);
  if (isShort && before.shortLives + 1 >= mostShortLives)
    return { type: 'giveUp', failures, code: 'rejected' };
  return { type: 'retry', failures, inMs: backOffMs(failures, backOff, random) };
}

/** The target took the stream and ended it at once. */
export function isShortLife({ code, liveMs }: { code: RestreamFault; liveMs: number }): boolean {
  return code === 'closed' && liveMs > 0 && liveMs < shortLifeMs;
}
