import { AppError } from '@maydan/common';
import type { Role } from '@maydan/contracts';
import type { RoomModeratorsRepo } from './roomModerators.repo.ts';

interface Ranked {
  readonly id: string;
  readonly role: Role;
}

const platformRanks = { user: 0, moderator: 3, admin: 4 } as const satisfies Record<Role, number>;
const hostRank = 2;
const roomModeratorRank = 1;

/** Who stands above whom: admins, moderators, the host of a room, its room moderators, everybody else. */
export class Ranks {
  readonly #moderators: Pick<RoomModeratorsRepo, 'has'>;

  constructor(moderators: Pick<RoomModeratorsRepo, 'has'>) {
    this.#moderators = moderators;
  }

  /**
   * Throws `forbidden` unless the actor stands above the other, in the room of a session or, without one, on the platform.
   * Nobody sanctions themselves, and nobody a host in the host's own room: to end the session is the way.
   */
  async requireAbove(actor: Ranked, other: Ranked, session?: { readonly hostId: string }): Promise<void> {
    const hostId = session?.hostId ?? null;
    const [above, below] = await Promise.all([this.#rankOf(actor, hostId), this.#rankOf(other, hostId)]);
    if (other.id !== actor.id && other.id !== hostId && above > below) return;
    throw new AppError('forbidden', 'This person is of your rank or above.');
  }

  async #rankOf({ id, role }: Ranked, hostId: string | null): Promise<number> {
    const onPlatform = platformRanks[role];
    if (hostId === null || onPlatform > hostRank) return onPlatform;
    if (id === hostId) return hostRank;
    return (await this.#moderators.has(hostId, id)) ? roomModeratorRank : onPlatform;
  }
}

/** Throws `forbidden` for others than admins when it is an admin’s. Null: it is nobody’s. */
export function requireReach(actor: Pick<Ranked, 'role'>, other: Pick<Ranked, 'role'> | null): void {
  if (other?.role !== 'admin' || actor.role === 'admin') return;
  throw new AppError('forbidden', 'This is of an admin; admins alone change it.');
}

/** When something ends that lasts so long from now on; null: when somebody ends it. */
export function momentIn(durationSec: number | null): Date | null {
  return durationSec === null ? null : new Date(Date.now() + durationSec * 1_000);
}
