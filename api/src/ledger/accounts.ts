import { createHash } from 'node:crypto';
import type { LedgerAccountKind } from '@maydan/prisma';

/** An account of the ledger, by what it is. Its id follows from that: nobody has to look it up. */
export interface Account {
  readonly id: string;
  readonly kind: LedgerAccountKind;
  /** Null: the platform's. */
  readonly ownerId: string | null;
  readonly shard: number;
}

/** So many gifts to one receiver are written at once, without waiting for each other. See docs/adr/0020-ledger.md. */
export const receivingShards = 16;
/** All gifts give to the platform, whoever gets them. */
export const commissionShards = 64;

/** A UUID of our own making (RFC 9562, version 8). */
function accountIdOf(kind: LedgerAccountKind, ownerId: string | null, shard: number): string {
  const hash = createHash('sha256')
    .update(`ledger ${kind} ${ownerId ?? ''} ${shard}`)
    .digest();
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x80, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function account(kind: LedgerAccountKind, ownerId: string | null, shard = 0): Account {
  return { id: accountIdOf(kind, ownerId, shard), kind, ownerId, shard };
}

export const walletOf = (userId: string): Account => account('wallet', userId);
export const heldOf = (userId: string): Account => account('held', userId);
export const debtOf = (userId: string): Account => account('debt', userId);
export const receivingOf = (userId: string, shard: number): Account => account('receiving', userId, shard);
export const allReceivingOf = (userId: string): Account[] =>
  Array.from({ length: receivingShards }, (_, shard) => receivingOf(userId, shard));
export const commissionOf = (shard: number): Account => account('commission', null, shard);
export const depositsAccount = account('deposits', null);
export const paidAccount = account('paid', null);
