import { randomUUID } from 'node:crypto';
import { Adapter, type Session } from 'socket.io-adapter';
import { isPosition } from './positions.ts';
import type { Remembered } from './RememberedConnections.ts';

/** What a returning connection goes on from, until it has been told all that it missed. */
export interface Resumed extends Remembered {
  /** Up to here the client has been told everything. */
  readonly position: string;
}

/**
 * Rooms of one process, and Socket.IO's connection state recovery. What was missed is not sent from here: first the
 * handshake is checked as any other, then `Connection` tells it in the order of the stream. `find` answers null when the
 * client is not known, or something it missed is not there any more.
 */
export function recoveryAdapter(find: (secret: string, position: string) => Promise<Resumed | null>) {
  return class RecoveryAdapter extends Adapter {
    override async restoreSession(pid: string, offset: string): Promise<Session> {
      const resumed = pid.length <= 64 && isPosition(offset) ? await find(pid, offset) : null;
      if (resumed === null) throw new Error('The connection can not go on.');
      // A new id: the old connection may be half open still, perhaps at this very process.
      return { sid: randomUUID(), pid, rooms: [], data: { signedIn: null, resumed }, missedPackets: [] };
    }
  };
}
