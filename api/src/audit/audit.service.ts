import {
  auditAction,
  auditDetails,
  auditRole,
  auditTargetKind,
  type AuditEntry,
  type AuditListInput,
  type AuditPage,
  type PublicUser,
} from '@maydan/contracts';
import type { AuditEntry as AuditRow, User } from '@maydan/prisma';
import { requireRole } from '../identity/requireRole.ts';
import { decodeCursor, pageOf } from '../sessions/cursor.ts';
import type { AuditRepo } from './audit.repo.ts';

/** What hosts, moderators and admins did (feature M5), for moderators and admins. */
export class AuditService {
  readonly #repo: AuditRepo;

  constructor(repo: AuditRepo) {
    this.#repo = repo;
  }

  /** Throws `forbidden`. */
  async list(user: User, input: AuditListInput): Promise<AuditPage> {
    requireRole(user, 'moderator', 'admin');
    const { cursor, limit, from, to, ...wished } = input;
    const filter = { ...wished, from: dateOf(from), to: dateOf(to) };
    const afterId = cursor === undefined ? null : decodeCursor(cursor).id;
    const rows = await this.#repo.list(filter, afterId, limit + 1);
    const { page, nextCursor } = pageOf(rows, limit, ({ at, id }) => ({ at, id }));
    const users = await this.#repo.usersOf(
      page.flatMap(({ actorId, userId }) => [actorId, userId].filter((id) => id !== null)),
    );
    return { items: page.map((row) => view(row, users)), nextCursor };
  }
}

const dateOf = (text: string | undefined): Date | null => (text === undefined ? null : new Date(text));

function view(row: AuditRow, users: ReadonlyMap<string, PublicUser>): AuditEntry {
  const { id, at, actorId, userId, reason, requestId } = row;
  return {
    ...{ id, at: at.toISOString(), reason, requestId },
    actor: users.get(actorId ?? '') ?? null,
    user: users.get(userId ?? '') ?? null,
    role: auditRole.parse(row.role),
    action: auditAction.parse(row.action),
    target: { kind: auditTargetKind.parse(row.targetKind), id: row.targetId },
    details: auditDetails.parse(row.details),
  };
}
