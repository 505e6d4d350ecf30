import { session as sessionSchema } from '@maydan/contracts';
import type { Session } from '@maydan/contracts';
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { account } from '../account/useAccount.ts';
import { problemOf } from './api.ts';
import { SessionFeed } from './SessionFeed.ts';
import type { SessionView } from './SessionFeed.ts';
import { followSession } from './sessionSocket.ts';

const deps = {
  fetchSession: async (id: string) =>
    sessionSchema.parse(await account.read((api) => api.sessions.get({ id }))),
  followSession,
  problemOf,
};

const loading: SessionView = { status: 'loading' };
const nothing = (): (() => void) => () => undefined;

/** A session that keeps itself up to date, and a function that asks for it again at once. */
export function useSession(
  id: string,
  known: Session | null,
): { readonly view: SessionView; readonly refresh: () => void } {
  const [feed, setFeed] = useState<SessionFeed | null>(null);
  // Somebody who is signed in plays with addresses of their own, which only their own question is answered with.
  const firstKnown = useRef(account.snapshot().status === 'signedIn' ? null : known);
  useEffect(() => {
    const created = new SessionFeed(id, deps, firstKnown.current);
    setFeed(created);
    created.open();
    return () => {
      created.close();
      setFeed(null);
    };
  }, [id]);
  const view = useSyncExternalStore(feed?.subscribe ?? nothing, feed?.snapshot ?? (() => loading));
  const refresh = useCallback(() => feed?.refresh(), [feed]);
  return { view, refresh };
}
