import { AppError } from '@maydan/common';
import type { Database, DatabaseTransaction, Prisma, Session, User } from '@maydan/prisma';
import { writeAudit, type Act } from '../audit/audit.repo.ts';
import { notify } from '../notifications/causes.repo.ts';
import { isOver } from '../sessions/controlDocument.ts';
import { lockSession } from '../sessions/sessions.repo.ts';
import { recordingNotice, type RecordingAct } from './notices.ts';
import { requireReach } from './Ranks.ts';

export interface RecordingChange {
  readonly act: RecordingAct;
  readonly actor: User;
  readonly reason: string | null;
  readonly audit: Act;
}

/** What becomes of recordings, in PostgreSQL: with the audit log and the word to the host, or not at all. */
export class RecordingsRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * False when it is so already. Throws `not_found`, `wrong_state` without a recording, or for one that isn't hidden and is to be
   * shown, and `forbidden` for what an admin hid, to others.
   */
  change(id: string, { act, actor, reason, audit }: RecordingChange): Promise<boolean> {
    return this.#database.$transaction(async (transaction) => {
      await lockSession(transaction, id);
      const row = await transaction.session.findUnique({ where: { id } });
      if (row === null) throw new AppError('not_found');
      const hider = await hiderOf(transaction, row);
      const at = new Date();
      const data = changeOf(act, row, { at, actor, hider });
      if (data === null) return false;
      // A host may always have it deleted: nobody sees more of it then.
      if (actor.id !== row.hostId) requireReach(actor, hider);
      await transaction.session.update({ where: { id }, data });
      await writeAudit(transaction, audit);
      if (actor.id !== row.hostId) await notify(transaction, recordingNotice(row, act, at, reason));
      return true;
    });
  }
}

async function hiderOf(
  transaction: DatabaseTransaction,
  { hiddenById: id }: Session,
): Promise<Pick<User, 'role'> | null> {
  return id === null ? null : transaction.user.findUnique({ where: { id }, select: { role: true } });
}

/** Null: nothing changes. */
function changeOf(
  act: RecordingAct,
  row: Session,
  { at, actor, hider }: { at: Date; actor: User; hider: Pick<User, 'role'> | null },
): Prisma.SessionUpdateInput | null {
  const { state, recorded, hiddenAt } = row;
  // While the session ends, its recording is not whole yet: it can be hidden already.
  const isThere = state === 'ending' ? act !== 'deleted' : recorded && isOver(state);
  if (!isThere) throw new AppError('wrong_state', 'There is no recording.');
  if (act === 'deleted')
    return { recorded: false, posterPath: null, storyboardPath: null, recordingDeletedAt: at };
  if (act === 'shown') {
    if (hiddenAt === null) throw new AppError('wrong_state', 'The recording is not hidden.');
    return { hiddenAt: null, hiddenById: null };
  }
  // What an admin hides, too, admins alone show again.
  const isSame = hiddenAt !== null && (actor.role !== 'admin' || hider?.role === 'admin');
  return isSame ? null : { hiddenAt: at, hiddenById: actor.id };
}
