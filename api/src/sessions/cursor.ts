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
