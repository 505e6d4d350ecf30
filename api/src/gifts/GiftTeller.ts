import { setTimeout as delay } from 'node:timers/promises';
import type { Emitter } from '../realtime/Emitter.ts';
import { rooms } from '../realtime/rooms.ts';
import type { Leaderboards } from './Leaderboards.ts';
import type { GiftNewsRepo, News } from './news.repo.ts';
import { sentGiftView } from './sentGiftView.ts';

/** News is gathered for so long, so that a room hears of a rush of gifts by few events. */
const gatherMs = 100;

export interface GiftTellerDependencies {
  readonly news: GiftNewsRepo;
  readonly leaderboards: Leaderboards;
  readonly emitter: Emitter;
}

/** Counts gifts on leaderboards and in combos, and tells rooms of them: after the commit, and never not. */
export class GiftTeller {
  readonly #deps: GiftTellerDependencies;

  constructor(dependencies: GiftTellerDependencies) {
    this.#deps = dependencies;
  }

  /** Deals with some; false when there is nothing to do. Rejects when Redis is away, and nothing is lost. */
  async step(): Promise<boolean> {
    const { news } = this.#deps;
    if (!(await news.isThere())) return false;
    await delay(gatherMs);
    return news.dealWith((some) => this.#tell(some));
  }

  async #tell(news: readonly News[]): Promise<void> {
    const { leaderboards, emitter } = this.#deps;
    const told = [];
    for (const one of news) {
      const { gift, id: newsId, returned } = one;
      const coins = returned ? -gift.coins : gift.coins;
      told.push({ ...one, combo: await leaderboards.count({ ...gift, newsId, coins }) });
    }
    for (const [sessionId, some] of Map.groupBy(told, ({ gift }) => gift.sessionId)) {
      const sent = some.filter(({ returned }) => !returned);
      const gifts = sent.map(({ gift, combo }) => ({ ...sentGiftView(gift), combo }));
      const room = rooms.session(sessionId);
      if (gifts.length > 0) await emitter.emit(room, 'gift:sent', { sessionId, gifts });
      for (const { gift, returned } of some) {
        if (returned) await emitter.emit(room, 'gift:returned', { sessionId, id: gift.id });
      }
    }
  }
}
