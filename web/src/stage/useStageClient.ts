import { stageJoinOutput } from '@maydan/contracts';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { account } from '../account/useAccount.ts';
import { exposeStage } from './debug.ts';
import { cameraHeightOf, videoCodecOf } from './encodings.ts';
import { initialLocalMedia, LocalMedia } from './LocalMedia.ts';
import type { LocalMediaState } from './LocalMedia.ts';
import { sendLocal } from './sendLocal.ts';
import type { StageClient } from './StageClient.ts';
import { initialStage } from './stageState.ts';
import type { StageState } from './stageState.ts';
import type { StageStats } from './stats.ts';

export type JoinRole = 'viewer' | 'host' | 'cohost';

/** The client is a chunk of its own: who only watches HLS never loads it. */
export const loadStageClient = () => import('./StageClient.ts');

function grantFor(id: string, role: JoinRole) {
  return async (peerId: string | null) => {
    const known = peerId === null ? {} : { peerId };
    // The page says so while its player plays, whichever player it is.
    const input = { id, role, heartbeats: true, ...known };
    return stageJoinOutput.parse(await account.call((api) => api.stage.join(input)));
  };
}

export interface StageClientView {
  /** Null while it is being loaded, and while there is to be none. */
  readonly client: StageClient | null;
  /** The client could not be loaded. */
  readonly failed: boolean;
}

/** Joins a session's room in a role (null: not at all), and leaves with the component. */
export function useStageClient(
  sessionId: string,
  role: JoinRole | null,
  local: LocalMedia | null,
): StageClientView {
  const [view, setView] = useState<StageClientView>({ client: null, failed: false });
  useEffect(() => {
    if (role === null) return;
    const closers: (() => void)[] = [];
    let open = true;
    const start = async (): Promise<void> => {
      const { StageClient } = await loadStageClient();
      if (!open) return;
      const client = new StageClient({
        grant: grantFor(sessionId, role),
        codec: videoCodecOf(location.search),
      });
      closers.push(() => client.close(), exposeStage(client));
      if (local) closers.push(sendLocal(client, local));
      client.open();
      setView({ client, failed: false });
    };
    start().catch(() => open && setView({ client: null, failed: true }));
    return () => {
      open = false;
      for (const close of closers.reverse()) close();
      setView({ client: null, failed: false });
    };
  }, [sessionId, role, local]);
  return view;
}

const nothing = (): (() => void) => () => undefined;

export function useStageState(client: StageClient | null): StageState {
  return useSyncExternalStore(client?.subscribe ?? nothing, client?.snapshot ?? (() => initialStage));
}

/** Devices of this browser, released with the component. Null at first, and while there are to be none. */
export function useLocalMedia(wanted: boolean): LocalMedia | null {
  const [local, setLocal] = useState<LocalMedia | null>(null);
  useEffect(() => {
    if (!wanted) return;
    const created = new LocalMedia(cameraHeightOf(location.search));
    setLocal(created);
    return () => {
      created.close();
      setLocal(null);
    };
  }, [wanted]);
  return local;
}

export function useLocalMediaState(local: LocalMedia | null): LocalMediaState {
  return useSyncExternalStore(local?.subscribe ?? nothing, local?.snapshot ?? (() => initialLocalMedia));
}

const statsEveryMs = 2_000;

/** Figures of WebRTC, renewed every 2 s while `active`. */
export function useStageStats(client: StageClient | null, active: boolean): StageStats | null {
  const [stats, setStats] = useState<StageStats | null>(null);
  useEffect(() => {
    if (!client || !active) return;
    const measure = (): void => void client.stats().then(setStats, () => undefined);
    measure();
    const timer = setInterval(measure, statsEveryMs);
    return () => clearInterval(timer);
  }, [client, active]);
  return stats;
}
