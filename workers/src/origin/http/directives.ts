import { AppError } from '@maydan/common';

/** Delivery directives of a playlist request (RFC 8216bis §6.2.5). */
export interface Directives {
  readonly msn?: number;
  readonly part?: number;
  /** `YES` and `v2` are the same here, since our playlists have no date ranges. */
  readonly skip: boolean;
}

export const noDirectives: Directives = { skip: false };

/** Fifteen digits fit a double exactly. */
const WHOLE_NUMBER = /^\d{1,15}$/;

/** All values of one directive, which may be repeated but not contradicted. */
function single(params: URLSearchParams, name: string): string | undefined {
  const values = new Set(params.getAll(name));
  if (values.size > 1) throw new AppError('bad_request', `${name} is given twice with different values.`);
  const [value] = values;
  return value;
}

function wholeNumber(params: URLSearchParams, name: string): number | undefined {
  const value = single(params, name);
  if (value === undefined) return undefined;
  if (!WHOLE_NUMBER.test(value)) throw new AppError('bad_request', `${name} must be a whole number.`);
  return Number(value);
}

/**
 * Reads the directives of a query string (without `?`). Order and repetition of parameters make no difference,
 * and parameters that aren't directives are ignored. Throws `bad_request` on nonsense.
 */
export function parseDirectives(query: string): Directives {
  if (!query.includes('_HLS_') && !query.includes('%')) return noDirectives;
  const params = new URLSearchParams(query);
  const msn = wholeNumber(params, '_HLS_msn');
  const part = wholeNumber(params, '_HLS_part');
  if (part !== undefined && msn === undefined) throw new AppError('bad_request', '_HLS_part needs _HLS_msn.');
  const skip = params.getAll('_HLS_skip').some((value) => value === 'YES' || value === 'v2');
  return { msn, part, skip };
}

/** The one spelling of directives, for URLs that name the same answer. Empty without any. */
export function canonicalQuery(directives: Directives): string {
  const list: string[] = [];
  if (directives.msn !== undefined) list.push(`_HLS_msn=${directives.msn}`);
  if (directives.part !== undefined) list.push(`_HLS_part=${directives.part}`);
  if (directives.skip) list.push('_HLS_skip=YES');
  return list.join('&');
}

/** How far a playlist has come. */
export interface Position {
  /** Number of the newest complete segment. */
  readonly closedMsn: number;
  /** Parts so far of the segment after it. */
  readonly openParts: number;
  /** Parts of a complete segment, as long as they are known. */
  partCountOf(msn: number): number | undefined;
}

export type Verdict = 'answer' | 'hold' | 'too_far';

/** Whether the playlist has what was asked for (RFC 8216bis §6.2.5.2). */
export function judge(directives: Directives, position: Position, advancePartLimit: number): Verdict {
  const { msn, part } = directives;
  if (msn === undefined) return 'answer';
  if (msn > position.closedMsn + 2) return 'too_far';
  if (part === undefined) return msn <= position.closedMsn ? 'answer' : 'hold';
  if (msn < position.closedMsn) return 'answer';
  if (msn === position.closedMsn) {
    const past = part >= (position.partCountOf(msn) ?? Infinity);
    return past && position.openParts === 0 ? 'hold' : 'answer';
  }
  const listed = msn === position.closedMsn + 1 ? position.openParts : 0;
  if (part < listed) return 'answer';
  return part > listed - 1 + advancePartLimit ? 'too_far' : 'hold';
}
