import { AppError } from '@maydan/common';
import { z } from 'zod';

const position = z.tuple([z.iso.datetime().transform((text) => new Date(text)), z.uuid()]);

/** Where a page ended: the sort key's value and the id of its last item. */
export interface Cursor {
  readonly at: Date;
  readonly id: string;
}

export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify([cursor.at.toISOString(), cursor.id])).toString('base64url');
}

/** Throws `validation_failed` for anything `encodeCursor` didn't make. */
export function decodeCursor(text: string): Cursor {
  try {
    const [at, id] = position.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
    return { at, id };
  } catch {
    throw new AppError('validation_failed', undefined, [{ path: 'cursor', message: 'is not a cursor' }]);
  }
}

/** A page out of rows that were read with one more than `limit`; `positionOf` is the sort key by which they were. */
export function pageOf<R>(
  rows: readonly R[],
  limit: number,
  positionOf: (row: R) => Cursor,
): { page: R[]; nextCursor: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const isMore = rows.length > limit && last !== undefined;
  return { page, nextCursor: isMore ? encodeCursor(positionOf(last)) : null };
}
