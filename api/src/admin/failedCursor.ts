import { AppError } from '@maydan/common';
import { z } from 'zod';

const position = z.tuple([z.int(), z.string()]);

/** Where a page of failed jobs ended: when the last one failed (ms since 1970), and its id. */
export type FailedPosition = z.infer<typeof position>;

export function encodeFailed(failed: FailedPosition): string {
  return Buffer.from(JSON.stringify(failed)).toString('base64url');
}

/** Throws `validation_failed`. */
export function decodeFailed(text: string): FailedPosition {
  try {
    return position.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
  } catch {
    throw new AppError('validation_failed', undefined, [{ path: 'cursor', message: 'is not a cursor' }]);
  }
}
