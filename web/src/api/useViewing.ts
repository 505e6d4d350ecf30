import { createApiClient, type ApiClient } from '@maydan/contracts';
import { useEffect, useRef, useState } from 'react';
import { account } from '../account/useAccount.ts';
import { Attendance } from './Attendance.ts';
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

/** While the session is on air and its player plays, its viewer is counted, whichever player it is. */
export function useViewing(sessionId: string, isOnAir: boolean, isStill: boolean): void {
  const [isThere, setThere] = useState(true);
  const attendance = useRef<Attendance>(null);
  useEffect(() => {
    const created = new Attendance(setThere);
    attendance.current = created;
    return () => created.close();
  }, []);
  useEffect(() => attendance.current?.set(isStill), [isStill]);
  useEffect(() => {
    if (!isOnAir || !isThere) return;
    const viewing = new Viewing({ sessionId, client, memory: device });
    viewing.start();
    const moved = (): void => viewing.moved(performance.now());
    // Events of media don't bubble.
    document.addEventListener('timeupdate', moved, { capture: true });
    return () => {
      document.removeEventListener('timeupdate', moved, { capture: true });
      viewing.stop();
    };
  }, [sessionId, isOnAir, isThere]);
}
