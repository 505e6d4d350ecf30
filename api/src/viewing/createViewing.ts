import type { Logger, Redis } from '@maydan/common';
import type { Database } from '@maydan/prisma';
import type { Chat } from '../chat/createChat.ts';
import type { ApiConfig } from '../config.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { Traces } from '../moderation/traces/Traces.ts';
import type { SessionRoom } from '../realtime/SessionRoom.ts';
import { SweepTimer } from '../sessions/SweepTimer.ts';
import { AudienceRepo } from './audience.repo.ts';
import { ViewingKeeper } from './ViewingKeeper.ts';
import { ViewingService } from './viewing.service.ts';
import { ViewingStore } from './ViewingStore.ts';
import { ViewingTokens } from './ViewingTokens.ts';

export interface ViewingParts {
  readonly config: ApiConfig;
  readonly database: Database;
  readonly redis: Redis;
  readonly chat: Chat;
  readonly room: SessionRoom;
  readonly limits: RateLimits;
  readonly traces: Traces;
  readonly logger: Logger;
}

/** Makes somebody (null: all viewers) count no more in a session. */
export function createDismissal({ config, redis }: Pick<ViewingParts, 'config' | 'redis'>) {
  const store = new ViewingStore(redis);
  const tokens = new ViewingTokens(config.ACCESS_TOKEN_SECRET);
  return (sessionId: string, userId: string | null): Promise<void> =>
    store.dismiss(sessionId, userId === null ? null : tokens.ofUser(userId));
}

/** The parts that know who watches, wired up. */
export function createViewing({ config, database, redis, chat, room, limits, traces, logger }: ViewingParts) {
  const store = new ViewingStore(redis);
  const tokens = new ViewingTokens(config.ACCESS_TOKEN_SECRET);
  const keeper = new ViewingKeeper({ store, repo: new AudienceRepo(database), room, logger });
  return {
    viewing: new ViewingService({
      store,
      tokens,
      chat: chat.chat,
      gate: chat.gate,
      room,
      limits,
      traces,
      logger,
    }),
    keeping: new SweepTimer({ sweep: keeper, periodMs: ViewingKeeper.periodMs, logger }),
  };
}
export type Viewing = ReturnType<typeof createViewing>;
