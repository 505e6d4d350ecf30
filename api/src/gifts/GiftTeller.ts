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
    const { leaderboards, room } = this.#deps;
    const combos = await leaderboards.count(
      news.map(({ id: newsId, gift, returned }) => ({
        ...gift,
        newsId,
        coins: returned ? -gift.coins : gift.coins,
      })),
    );
    const events = news.map(({ gift, returned }, index): [string, RoomEvent] => {
      const combo = combos[index];
      if (combo === undefined) throw new Error('news was not counted');
      const event: RoomEvent = returned
        ? { type: 'giftReturned', id: gift.id }
        : { type: 'gift', gift: { ...sentGiftView(gift), combo } };
      return [gift.sessionId, event];
    });
    const bySession = Map.groupBy(events, ([sessionId]) => sessionId);
    const tellings = [...bySession].map(([sessionId, some]) =>
      room.emitOrFail(
        sessionId,
        some.map(([, event]) => event),
      ),
    );
    await Promise.all(tellings);
  }
}
