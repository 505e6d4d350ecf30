import type { UserSearchPage } from '@maydan/contracts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { Viewer } from './blocks.repo.ts';
import type { PageInput } from './listed.ts';
import type { Found, SearchRepo } from './search.repo.ts';
import { decodeSearchCursor, encodeSearchCursor, isIndexed, searchText } from './searchText.ts';

export interface SearchDependencies {
  readonly search: SearchRepo;
  readonly limits: RateLimits;
}

/** Finds people (feature P1). */
export class SearchService {
  readonly #deps: SearchDependencies;

  constructor(dependencies: SearchDependencies) {
    this.#deps = dependencies;
  }

  /**
   * By name, and for signed-in people by the whole email address or phone number of those who permit it. Who is hidden by
   * a block or banned isn't found. Throws `rate_limited`; `validation_failed` for a wrong cursor.
   */
  async find(viewer: Viewer, address: string, input: PageInput & { query: string }): Promise<UserSearchPage> {
    const { search, limits } = this.#deps;
    await limits.search(viewer === null ? { address } : { userId: viewer.id });
    const text = searchText(input.query);
    const after = input.cursor === undefined ? null : decodeSearchCursor(input.cursor);
    if (text.folded === '') return { items: [], nextCursor: null };
    const known = viewer === null || after !== null ? null : await search.byContact(text, viewer);
    if (known !== null) return { items: [known], nextCursor: null };
    const rows = await search.byName(text, viewer, { after, take: input.limit + 1 });
    // An address is meant as a whole, and to words of one or two letters half of all names are similar.
    const isName = text.email === null && text.phone === null && text.words.some(isIndexed);
    const isMisspelled = rows.length === 0 && after === null && isName;
    const found = isMisspelled ? await search.similar(text, viewer, input.limit) : rows;
    const page = found.slice(0, input.limit);
    const last = page.at(-1);
    const isMore = found.length > input.limit && last !== undefined;
    return { items: page.map(publicUser), nextCursor: isMore ? encodeSearchCursor(last) : null };
  }
}

function publicUser({ id, username, displayName }: Found) {
  return { id, username, displayName };
}
