import type { AccountExport as View } from '@maydan/contracts';
import type { AccountExport } from '@maydan/prisma';

/** Whether its files can be had. */
export function isAvailable({ state, expiresAt }: AccountExport, now: Date): boolean {
  return state === 'ready' && expiresAt !== null && expiresAt > now;
}

/** An export as its owner sees it. */
export function toAccountExport(row: AccountExport, now: Date): View {
  const { id, state, createdAt, finishedAt, expiresAt, fileBytes } = row;
  const isThere = isAvailable(row, now);
  return {
    ...{ id, state: state === 'ready' && !isThere ? 'expired' : state },
    createdAt: createdAt.toISOString(),
    finishedAt: finishedAt?.toISOString() ?? null,
    expiresAt: state === 'ready' ? (expiresAt?.toISOString() ?? null) : null,
    byteLength: isThere ? fileBytes.reduce((sum, bytes) => sum + bytes, 0) : null,
  };
}
