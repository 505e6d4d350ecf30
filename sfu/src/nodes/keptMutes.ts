import type { Logger, Redis } from '@maydan/common';
import { mediaSource, sfuMutesKey } from '@maydan/contracts';
import type { Room } from '../rooms/Room.ts';

/**
 * Whom the api has muted in a room, for a node that opens it: after a restart no other node may know. Before anybody joins. Read
 * until nothing changes, as a command that comes meanwhile may be newer. Without Redis nobody is known to be muted.
 */
export async function takeKeptMutes(redis: Redis, room: Room, logger: Logger): Promise<void> {
  try {
    for (let known: readonly string[] | null = null; ;) {
      const kept = (await redis.hkeys(sfuMutesKey(room.sessionId))).sort();
      if (known !== null && String(known) === String(kept)) return;
      for (const field of kept) set(room, field, true);
      for (const field of known ?? []) if (!kept.includes(field)) set(room, field, false);
      known = kept;
    }
  } catch (error) {
    logger.warn({ err: error, sessionId: room.sessionId }, 'whom the api has muted is not known');
  }
}

/** `field` as of `sfuMuteField`. */
function set(room: Room, field: string, muted: boolean): void {
  const [peerId = '', source] = field.split(' ');
  room.mutes.set({ peerId }, mediaSource.safeParse(source).data ?? null, muted);
}
