import type { Logger, Redis } from '@maydan/common';
import type { Database } from '@maydan/prisma';
import type { Chat } from '../chat/createChat.ts';
import type { ApiConfig } from '../config.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { GuestPlaces } from '../moderation/traces/GuestPlaces.ts';
import type { Traces } from '../moderation/traces/Traces.ts';
import type { SessionRoom } from '../realtime/SessionRoom.ts';
import { SweepTimer } from '../sessions/SweepTimer.ts';
import { AudienceRepo } from './audience.repo.ts';
import { ViewingKeeper } from './ViewingKeeper.ts';
import { ViewingService } from './viewing.service.ts';
import { ViewingStore } from './ViewingStore.ts';
import { lifetimeSec, ViewingTokens } from './ViewingTokens.ts';

export interface ViewingParts {
  readonly config: ApiConfig;
  readonly database: Database;
  readonly redis: Redis;
  readonly chat: Chat;
  readonly room: SessionRoom;
  readonly limits: RateLimits;
  readonly traces: Traces;
  readonly guestPlaces: GuestPlaces;
  readonly logger: Logger;
}

/** Makes people count no more as viewers. */
export function createDismissal({ config, redis }: Pick<ViewingParts, 'config' | 'redis'>) {
  const store = new ViewingStore(redis);
  const tokens = new ViewingTokens(config.ACCESS_TOKEN_SECRET);
  return {
    /** A person (null: all viewers) in a session. */
    uncounted: (sessionId: string, userId: string | null): Promise<void> =>
      store.dismiss(sessionId, userId === null ? null : tokens.ofUser(userId)),
    /** A guest in a session. */
    dismiss: (sessionId: string, viewer: string): Promise<void> => store.dismiss(sessionId, viewer),
    /** A person in all sessions until then; null: until they are let in again. */
    uncountedEverywhere: (userId: string, until: Date | null): Promise<void> => {
      const tokensEnd = new Date(Date.now() + lifetimeSec * 1_000);
      const end = until === null || until > tokensEnd ? tokensEnd : until;
      return store.dismissEverywhere(tokens.ofUser(userId), end);
    },
    countedAgain: (userId: string): Promise<void> => store.admitEverywhere(tokens.ofUser(userId)),
  };
}
export type Dismissal = ReturnType<typeof createDismissal>;

/** The parts that know who watches, wired up. */
export function createViewing(parts: ViewingParts) {
  const { config, database, redis, chat, room, limits, traces, guestPlaces, logger } = parts;
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
      guestPlaces,
      logger,
    }),
    keeping: new SweepTimer({ sweep: keeper, periodMs: ViewingKeeper.periodMs, logger }),
  };
}
export type Viewing = ReturnType<typeof createViewing>;
