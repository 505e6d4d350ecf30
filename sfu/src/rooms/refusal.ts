import { AppError } from '@maydan/common';
import { reasonOf } from '../workers/reasonOf.ts';

/** What a Worker says when all ports of a range are taken. */
const noPort = 'no more available ports';

/**
 * What mediasoup rejects is what a client named: parameters it can't use, ids taken twice, a transport that was closed
 * meanwhile; or the node has no port left (`overloaded`). The reason stays in `cause`.
 */
export async function asRefusal<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const message = reasonOf(cause);
    if (message.includes(noPort)) throw new AppError('overloaded', undefined, undefined, { cause });
    throw new AppError('bad_request', message, undefined, { cause });
  }
}

/** @throws AppError `not_found`: also for what exists but is somebody else's. */
export function found<T>(value: T | undefined): T {
  if (value === undefined) throw new AppError('not_found');
  return value;
}
