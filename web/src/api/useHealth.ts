import { stageHealth, streamHealth } from '@maydan/contracts';
import type { BroadcastHealth } from '@maydan/contracts';
import { useEffect, useState } from 'react';
import { account } from '../account/useAccount.ts';
import { HealthFeed } from './HealthFeed.ts';
import { followHealth } from './sessionSocket.ts';

async function fetchHealth(id: string): Promise<BroadcastHealth> {
  const [{ health }, stage] = await Promise.all([
    account.call((api) => api.sessions.health({ id })),
    account.call((api) => api.stage.health({ id })),
  ]);
  const stream = health === null ? null : streamHealth.parse(health);
  return { sessionId: id, stream, stage: stageHealth.parse(stage) };
}

/** How a broadcast does, told live; null until it is known. */
export function useHealth(id: string): BroadcastHealth | null {
  const [health, setHealth] = useState<BroadcastHealth | null>(null);
  useEffect(() => {
    const feed = new HealthFeed(
      {
        follow: (listener) => followHealth(id, listener),
        fetch: () => fetchHealth(id),
        isHidden: () => document.hidden,
      },
      setHealth,
    );
    feed.open();
    const onVisible = (): void => {
      if (!document.hidden) feed.poke();
    };
    document.addEventListener('visibilitychange', onVisible);
    return () => {
      document.removeEventListener('visibilitychange', onVisible);
      feed.close();
    };
  }, [id]);
  return health?.sessionId === id ? health : null;
}
