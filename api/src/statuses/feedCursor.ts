import { AppError } from '@maydan/common';
import { z } from 'zod';

const time = z.iso.datetime().transform((text) => new Date(text));
const position = z.tuple([z.boolean(), time, z.uuid(), time]);

/** Where a page of the feed ended, and when its first page was read. */
export interface FeedPosition {
  readonly fresh: boolean;
  readonly latestAt: Date;
  readonly userId: string;
  readonly asOf: Date;
}

export function encodeFeedCursor({ fresh, latestAt, userId, asOf }: FeedPosition): string {
  return Buffer.from(JSON.stringify([fresh, latestAt, userId, asOf])).toString('base64url');
}

/** Throws `validation_failed` for anything `encodeFeedCursor` didn't make. */
export function decodeFeedCursor(text: string): FeedPosition {
  try {
    const decoded: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    const [fresh, latestAt, userId, asOf] = position.parse(decoded);
    return { fresh, latestAt, userId, asOf };
  } catch {
    throw new AppError('validation_failed', undefined, [{ path: 'cursor', message: 'is not a cursor' }]);
  }
}
