import { AppError } from '@maydan/common';
import { z } from 'zod';

const position = z.tuple([z.enum(['older', 'newer']), z.int().min(0).max(2_147_483_647)]);

/** Messages older or newer than the one of a number, which needn't be there. */
export interface SeqCursor {
  readonly way: 'older' | 'newer';
  readonly seq: number;
}

export function encodeSeqCursor({ way, seq }: SeqCursor): string {
  return Buffer.from(JSON.stringify([way, seq])).toString('base64url');
}

/** Throws `validation_failed` for anything `encodeSeqCursor` didn't make. */
export function decodeSeqCursor(text: string): SeqCursor {
  try {
    const [way, seq] = position.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
    return { way, seq };
  } catch {
    throw new AppError('validation_failed', undefined, [{ path: 'cursor', message: 'is not a cursor' }]);
  }
}

/** Numbers of messages, both ends included; empty when `first` is above `last`. */
export interface SeqRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Which messages a page has: numbers have no gaps. The viewer sees those above `fromSeq`, up to `lastSeq`; without a
 * wish the newest.
 */
export function rangeOf(
  wish: SeqCursor | { readonly around: number } | null,
  limit: number,
  { fromSeq, lastSeq }: { readonly fromSeq: number; readonly lastSeq: number },
): SeqRange {
  const cut = (first: number, last: number): SeqRange => ({
    first: Math.max(first, fromSeq + 1),
    last: Math.min(last, lastSeq),
  });
  if (wish === null) return cut(lastSeq - limit + 1, lastSeq);
  if ('around' in wish) {
    const first = wish.around - Math.floor(limit / 2);
    return cut(first, first + limit - 1);
  }
  const { way, seq } = wish;
  if (way === 'older') return cut(Math.min(seq, lastSeq + 1) - limit, seq - 1);
  return cut(seq + 1, Math.max(seq, fromSeq) + limit);
}
