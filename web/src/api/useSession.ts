import { session as sessionSchema } from '@maydan/contracts';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { api, problemOf } from './api.ts';
import { SessionFeed } from './SessionFeed.ts';
import type { SessionView } from './SessionFeed.ts';
import { followSession } from './sessionSocket.ts';

const deps = {
  fetchSession: async (id: string) => sessionSchema.parse(await api.sessions.get({ id })),
  followSession,
  problemOf,
};

const loading: SessionView = { status: 'loading' };
const nothing = (): (() => void) => () => undefined;

/** A session that keeps itself up to date, and a function that asks for it again at once. */
export function useSession(id: string): { readonly view: SessionView; readonly refresh: () => void } {
  const [feed, setFeed] = useState<SessionFeed | null>(null);
  useEffect(() => {
    const created = new SessionFeed(id, deps);
    setFeed(created);
    created.open();
    return () => {
      created.close();
      setFeed(null);
    };
  }, [id]);
  const view = useSyncExternalStore(feed?.subscribe ?? nothing, feed?.snapshot ?? (() => loading));
  return { view, refresh: () => feed?.refresh() };
}
