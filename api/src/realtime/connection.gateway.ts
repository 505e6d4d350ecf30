import { AppError } from '@maydan/common';
import type { SignedIn } from './Connection.ts';
import type { Handlers } from './gateway.ts';

/** What a client asks about its own connection. `authenticate` throws as the handshake is refused. */
export function connectionHandlers(
  authenticate: (accessToken: string) => Promise<SignedIn>,
): Pick<Handlers, 'connection:renew'> {
  return {
    'connection:renew': async ({ token }, client) => {
      const signedIn = await authenticate(token);
      if (signedIn.user.id !== client.user?.id) {
        throw new AppError('forbidden', 'Another account needs a connection of its own.');
      }
      client.renew(signedIn);
      return { expiresAt: signedIn.expiresAt.toISOString() };
    },
  };
}
