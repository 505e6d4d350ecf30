import { useCallback, useState, useSyncExternalStore } from 'react';
import { exposeForMeasurements } from '../player/debug.ts';
import { Player } from '../player/Player.ts';
import type { PlayerSnapshot } from '../player/snapshot.ts';

/** `?lowLatency=0` plays like a plain HLS player, `?engine=native` with the browser's own: both for tests. */
function optionsOf(search: string) {
  const query = new URLSearchParams(search);
  return { lowLatency: query.get('lowLatency') !== '0', forceNative: query.get('engine') === 'native' };
}

/** A player for a video element that exists as long as the element does. */
export function usePlayer(): {
  readonly player: Player | null;
  readonly videoRef: (video: HTMLVideoElement) => () => void;
} {
  const [player, setPlayer] = useState<Player | null>(null);
  const videoRef = useCallback((video: HTMLVideoElement) => {
    const created = new Player(video, optionsOf(location.search));
    const conceal = exposeForMeasurements(created);
    setPlayer(created);
    return () => {
      conceal();
      created.close();
      setPlayer(null);
    };
  }, []);
  return { player, videoRef };
}

export function usePlayerSnapshot(player: Player): PlayerSnapshot {
  return useSyncExternalStore(player.subscribe, player.snapshot);
}
