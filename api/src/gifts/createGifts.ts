import type { Logger, Redis } from '@maydan/common';
import type { Database } from '@maydan/prisma';
import type { SessionAccess } from '../access/SessionAccess.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import { Pump } from '../notifications/Pump.ts';
import type { SessionRoom } from '../realtime/SessionRoom.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import type { BookOwners } from '../wallet/bookOwners.repo.ts';
import type { Prices } from '../wallet/prices.ts';
import { AssetsRepo } from './assets.repo.ts';
import { giftAssetsRoutes } from './assets.routes.ts';
import { AssetsService } from './assets.service.ts';
import { CatalogueRepo } from './catalogue.repo.ts';
import { CatalogueService } from './catalogue.service.ts';
import { GiftsRepo } from './gifts.repo.ts';
import { GiftsService, type GiftsDependencies } from './gifts.service.ts';
import { GiftTeller } from './GiftTeller.ts';
import { Leaderboards } from './Leaderboards.ts';
import { LeaderboardsService } from './leaderboards.service.ts';
import { GiftNewsRepo } from './news.repo.ts';
import { SeenUsers } from './seenUsers.repo.ts';

export interface GiftsParts {
  readonly database: Database;
  readonly redis: Redis;
  readonly room: SessionRoom;
  readonly limits: RateLimits;
  readonly sessions: SessionsService;
  readonly access: SessionAccess;
  readonly owners: BookOwners;
  readonly prices: Prices;
  readonly requireSayable: GiftsDependencies['requireSayable'];
  /** Somebody is to be told of a cause of notifications. */
  readonly toldLater: () => void;
  readonly logger: Logger;
}

const periodMs = 2_000;

/** The parts of gifts, wired up. Whoever starts the pump closes it. */
export function createGifts(parts: GiftsParts) {
  const { database, redis, logger } = parts;
  const news = new GiftNewsRepo(database);
  const leaderboards = new Leaderboards(redis);
  const seen = new SeenUsers(database);
  const teller = new GiftTeller({ ...parts, news, leaderboards });
  const pump = new Pump({ step: () => teller.step(), name: 'gifts', periodMs, logger });
  const newsLater = (): void => pump.wake();
  const assets = new AssetsService(new AssetsRepo(database), logger);
  return {
    ...{ pump, assets, assetRoutes: giftAssetsRoutes(assets) },
    catalogue: new CatalogueService(new CatalogueRepo(database), logger),
    gifts: new GiftsService({ ...parts, gifts: new GiftsRepo(database), seen, newsLater }),
    leaderboards: new LeaderboardsService({ ...parts, leaderboards, news, seen }),
  };
}
