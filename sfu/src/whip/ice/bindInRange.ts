import { randomInt } from 'node:crypto';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { AppError } from '@maydan/common';
import type { types } from 'mediasoup';

/** In use, or one of those that only root may have. */
const notOurs = new Set(['EADDRINUSE', 'EACCES']);

/**
 * Binds the socket to a port of the range, of which Workers take theirs, too: like them it tries a random one first, and the next
 * ones then. @throws AppError `overloaded` when none is free.
 */
export async function bindInRange(socket: Socket, { min, max }: types.TransportPortRange): Promise<void> {
  const count = max - min + 1;
  const first = randomInt(count);
  for (let nth = 0; nth < count; nth++) {
    try {
      await once(socket.bind(min + ((first + nth) % count)), 'listening');
      return;
    } catch (error) {
      if (!notOurs.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  throw new AppError('overloaded');
}
