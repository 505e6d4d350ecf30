import { AppError } from '@maydan/common';
import { foldText, tagKey, type SessionListInput, type sessionList } from '@maydan/contracts';
import { z } from 'zod';
import type { Viewer } from '../people/blocks.repo.ts';
import { isIndexed } from '../people/searchText.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { ListOrder, SessionListsRepo, Wanted } from './lists.repo.ts';
import type { Rankings } from './Rankings.ts';
import { sessionView } from './sessionView.ts';

type SessionList = z.infer<typeof sessionList>;

const maxWords = 8;
const place = z.tuple([z.int().min(0), z.int().min(0)]);

/** Sessions as people find them (feature L1): those on air, to come, and recordings. */
export class SessionListsService {
  readonly #repo: SessionListsRepo;
  readonly #rankings: Rankings;

  constructor(repo: SessionListsRepo, rankings: Rankings) {
    this.#repo = repo;
    this.#rankings = rankings;
  }

  /** Private ones are to be played with addresses that each is asked for by itself. Throws `validation_failed` for a cursor. */
  async list(viewer: Viewer, input: SessionListInput, base: string): Promise<SessionList> {
    const wanted = wantedBy(viewer, input);
    if (input.sort === 'viewers') return this.#ranked(wanted, input, base);
    const order = orderOf(input);
    const after = input.cursor === undefined ? null : decodeCursor(input.cursor);
    const rows = await this.#repo.page(wanted, order, { after, take: input.limit + 1 });
    const { page, nextCursor } = pageOf(rows, input.limit, (row) => ({
      at: row[order] ?? row.createdAt,
      id: row.id,
    }));
    return { items: page.map((row) => sessionView(row, base)), nextCursor };
  }

  async #ranked(wanted: Wanted, input: SessionListInput, base: string): Promise<SessionList> {
    const { number, ids, after } = await this.#rankingOf(input.cursor);
    const found = await this.#repo.ranked(wanted, ids, { after, take: input.limit + 1 });
    const page = found.slice(0, input.limit);
    const last = page.at(-1);
    const isMore = found.length > page.length && last !== undefined;
    return {
      items: page.map(({ session }) => sessionView(session, base)),
      nextCursor: isMore ? encodePlace(number, last.place) : null,
    };
  }

  async #rankingOf(cursor: string | undefined): Promise<{ number: number; ids: string[]; after: number }> {
    if (cursor === undefined) {
      return { ...(await this.#rankings.newest(() => this.#repo.ranking())), after: 0 };
    }
    const [number, after] = decodePlace(cursor);
    const ids = await this.#rankings.find(number);
    if (ids === null) throw wrongCursor('has expired; begin again');
    return { number, ids, after };
  }
}

function wantedBy(viewer: Viewer, { state, type, category, tag, host, search }: SessionListInput): Wanted {
  const words = new Set(foldText(search ?? '').split(/[\s#]+/));
  return {
    ...{ viewer, state, type, category, host: host?.toLowerCase() },
    tag: tag === undefined ? undefined : tagKey(tag),
    words: [...words]
      .filter((text) => text !== '')
      .slice(0, maxWords)
      .map((text) => ({ text, isIndexed: isIndexed(text) })),
  };
}

function orderOf({ state, sort }: SessionListInput): ListOrder {
  if (state === 'scheduled') return 'scheduledStartAt';
  return sort === 'started' ? 'startedAt' : 'createdAt';
}

function encodePlace(number: number, after: number): string {
  return Buffer.from(JSON.stringify([number, after])).toString('base64url');
}

function decodePlace(text: string): [number: number, after: number] {
  try {
    return place.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
  } catch {
    throw wrongCursor('is not a cursor');
  }
}

function wrongCursor(message: string): AppError {
  return new AppError('validation_failed', undefined, [{ path: 'cursor', message }]);
}
