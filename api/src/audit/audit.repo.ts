import type { AuditAction, AuditDetails, AuditRole, AuditTargetKind } from '@maydan/contracts';
import { newId, type AuditEntry, type Database, type DatabaseTransaction, type Role } from '@maydan/prisma';
import { requestScope } from '../http/requestScope.ts';
import { publicFields } from '../people/listed.ts';

/** Who acts, and as what. */
export interface Actor {
  readonly id: string;
  readonly role: AuditRole;
}

/** What somebody does, for the audit log. */
export interface Act {
  /** Null: the platform by itself. */
  readonly actor: Actor | null;
  readonly action: AuditAction;
  readonly target: { readonly kind: AuditTargetKind; readonly id: string };
  /** The one person whom it concerns. */
  readonly userId?: string | null;
  readonly reason?: string | null;
  /** Nothing that somebody wrote: that would stay for ever. */
  readonly details?: AuditDetails;
}

/** Written in the transaction of what it goes with, once that has changed something. */
export type Also = (transaction: DatabaseTransaction) => Promise<void>;

/** As what somebody acts in a session of `hostId`, or on the platform: whoever is neither host nor of the platform moderates the room. */
export function actorOf(user: { readonly id: string; readonly role: Role }, hostId?: string): Actor {
  if (user.id === hostId) return { id: user.id, role: 'host' };
  return { id: user.id, role: user.role === 'user' ? 'roomModerator' : user.role };
}

/** The one way into the audit log. An act that isn't written there isn't done: both are of one transaction. */
export async function writeAudit(
  transaction: Pick<DatabaseTransaction, 'auditEntry'>,
  { actor, action, target, userId = null, reason = null, details = {} }: Act,
): Promise<void> {
  const at = new Date();
  await transaction.auditEntry.create({
    data: {
      ...{ id: newId(at.getTime()), at, actorId: actor?.id ?? null, role: actor?.role ?? 'system', action },
      ...{ targetKind: target.kind, targetId: target.id, userId, reason, details },
      requestId: requestScope.getStore() ?? null,
    },
  });
}

/** `writeAudit`, for later. */
export function audited(act: Act): Also {
  return (transaction) => writeAudit(transaction, act);
}

export interface AuditFilter {
  readonly actorId?: string | undefined;
  readonly userId?: string | undefined;
  readonly targetId?: string | undefined;
  readonly action?: AuditAction | undefined;
  readonly from: Date | null;
  readonly to: Date | null;
}

/** The audit log in PostgreSQL. */
export class AuditRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The newest first, behind an id. */
  list({ from, to, ...filter }: AuditFilter, afterId: string | null, take: number): Promise<AuditEntry[]> {
    const bounds = [
      ...(from === null ? [] : [{ id: { gte: firstIdOf(from) } }]),
      ...(to === null ? [] : [{ id: { lt: firstIdOf(to) } }]),
      ...(afterId === null ? [] : [{ id: { lt: afterId } }]),
    ];
    return this.#database.auditEntry.findMany({
      where: { AND: [definedOf(filter), ...bounds] },
      orderBy: { id: 'desc' },
      take,
    });
  }

  async usersOf(ids: readonly string[]) {
    const where = { id: { in: [...new Set(ids)] } };
    const users = await this.#database.user.findMany({ where, ...publicFields });
    return new Map(users.map((user) => [user.id, user]));
  }
}

/** The least id that an entry of this moment can have. */
function firstIdOf(moment: Date): string {
  const hex = Math.max(0, moment.getTime()).toString(16).padStart(12, '0').slice(-12);
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

function definedOf(filter: object): object {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}
