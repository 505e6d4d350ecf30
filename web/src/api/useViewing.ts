import { createApiClient, type ApiClient } from '@maydan/contracts';
import { useEffect } from 'react';
import { account } from '../account/useAccount.ts';
import { Viewing, type DeviceMemory } from './Viewing.ts';

const key = 'maydan.device';
const memory: DeviceMemory = {
  read: () => {
    try {
      return localStorage.getItem(key) ?? undefined;
    } catch {
      return undefined;
    }
  },
  write: (token) => {
    try {
      localStorage.setItem(key, token);
    } catch {
      // Then it is another device the next time.
    }
  },
};

async function client(): Promise<ApiClient> {
  const token = await account.freshToken().catch(() => undefined);
  return createApiClient({
    baseUrl: location.origin,
    ...(token === undefined ? {} : { accessToken: () => token }),
  });
}

/** While the session is on air and shown, its viewer is counted, whichever player shows it. */
export function useViewing(sessionId: string, isOnAir: boolean): void {
  useEffect(() => {
    if (!isOnAir) return;
    const viewing = new Viewing({ sessionId, client, memory });
    viewing.start();
    return () => viewing.stop();
  }, [sessionId, isOnAir]);
}
