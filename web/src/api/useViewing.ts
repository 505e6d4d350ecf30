import { createApiClient, type ApiClient } from '@maydan/contracts';
import { useEffect } from 'react';
import { account } from '../account/useAccount.ts';
import { device } from './device.ts';
import { Viewing } from './Viewing.ts';

async function client(): Promise<ApiClient> {
  const token = await account.freshToken().catch(() => undefined);
  return createApiClient({
    baseUrl: location.origin,
    deviceToken: device.read,
    ...(token === undefined ? {} : { accessToken: () => token }),
  });
}

/** While the session is on air and shown, its viewer is counted, whichever player shows it. */
export function useViewing(sessionId: string, isOnAir: boolean): void {
  useEffect(() => {
    if (!isOnAir) return;
    const viewing = new Viewing({ sessionId, client, memory: device });
    viewing.start();
    return () => viewing.stop();
  }, [sessionId, isOnAir]);
}
