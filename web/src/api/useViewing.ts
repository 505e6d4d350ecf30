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

/** At once, also while the tab is closed. */
function leave(token: string): void {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ token });
  fetch('/api/v1/viewing/end', { method: 'POST', keepalive: true, headers, body }).catch(() => undefined);
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
    const begin = (): Viewing => {
      const begun = new Viewing({ sessionId, client, memory: device, leave });
      begun.start();
      return begun;
    };
    let viewing = begin();
    const left = (): void => viewing.stop();
    // Out of the cache of pages: it goes on where it stood.
    const back = ({ persisted }: PageTransitionEvent): void => {
      if (persisted) viewing = begin();
    };
    window.addEventListener('pagehide', left);
    window.addEventListener('pageshow', back);
    const moved = (): void => viewing.moved(performance.now());
    // Events of media don't bubble.
    document.addEventListener('timeupdate', moved, { capture: true });
    return () => {
      window.removeEventListener('pagehide', left);
      window.removeEventListener('pageshow', back);
      document.removeEventListener('timeupdate', moved, { capture: true });
      viewing.stop();
    };
  }, [sessionId, isOnAir, isThere]);
}
