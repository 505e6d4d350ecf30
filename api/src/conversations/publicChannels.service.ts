import { foldText, type PublicChannelPage } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { PublicChannelsRepo } from './publicChannels.repo.ts';
import { toShared } from './rows.ts';

/** Public channels that people look for (feature C1). */
export class PublicChannelsService {
  readonly #repo: PublicChannelsRepo;
  readonly #limits: RateLimits;

  constructor(repo: PublicChannelsRepo, limits: RateLimits) {
    this.#repo = repo;
    this.#limits = limits;
  }

  /** By name, compared as `foldText` does. Throws `rate_limited`: it counts as a search for people. */
  async list(
    user: User,
    { search, cursor, limit }: { search?: string | undefined; cursor?: string | undefined; limit: number },
  ): Promise<PublicChannelPage> {
    await this.#limits.search({ userId: user.id });
    const wish = { folded: foldText(search ?? ''), after: cursor ?? null, take: limit + 1 };
    const rows = await this.#repo.list(user.id, wish);
    const page = rows.slice(0, limit);
    return {
      items: page.map((row) => ({ ...toShared(row), joined: row.joined })),
      nextCursor: rows.length > limit ? (page.at(-1)?.id ?? null) : null,
    };
  }
}
