import type { RoomEvent } from '@maydan/contracts';
import type { SessionRoom } from '../realtime/SessionRoom.ts';
import type { Leaderboards } from './Leaderboards.ts';
import type { GiftNewsRepo, News } from './news.repo.ts';
import { sentGiftView } from './sentGiftView.ts';

export interface GiftTellerDependencies {
  readonly news: GiftNewsRepo;
  readonly leaderboards: Leaderboards;
  readonly room: Pick<SessionRoom, 'emitOrFail'>;
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
    return (await news.isThere()) && news.dealWith((some) => this.#tell(some));
  }

  async #tell(news: readonly News[]): Promise<void> {
    const bySession = Map.groupBy(news, ({ gift }) => gift.sessionId);
    const tellings = [...bySession].map(async ([sessionId, some]) => {
      const events = await Promise.all(some.map((one) => this.#counted(one)));
      await this.#deps.room.emitOrFail(sessionId, events);
    });
    await Promise.all(tellings);
  }

  async #counted({ id: newsId, gift, returned }: News): Promise<RoomEvent> {
    const coins = returned ? -gift.coins : gift.coins;
    const combo = await this.#deps.leaderboards.count({ ...gift, newsId, coins });
    if (returned) return { type: 'giftReturned', id: gift.id };
    return { type: 'gift', gift: { ...sentGiftView(gift), combo } };
  }
}
