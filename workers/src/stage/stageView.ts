import type { PeerInfo } from '@maydan/contracts';
import type { ShownPerson } from './compose/Compositor.ts';
import type { StageTrack } from './room/StageRoom.ts';
import { SoundInput } from './room/SoundInput.ts';
import { VideoInput } from './room/VideoInput.ts';
import type { HeardTrack } from './StageEngine.ts';

/** Who is seen and heard. */
export interface StageView {
  readonly people: readonly ShownPerson[];
  readonly heard: readonly HeardTrack[];
}

/**
 * Of those on stage, who sends something or has just sent: the host first, then in the order of coming. Somebody muted stays
 * seen, somebody without a camera gets a placeholder; who only looks on from the stage takes no place.
 */
export function stageView(people: readonly PeerInfo[], tracks: readonly StageTrack[]): StageView {
  const senders = new Set(tracks.map(({ peerId }) => peerId));
  const hasLayers = (peerId: string): boolean =>
    tracks.some((one) => one.peerId === peerId && one.source === 'camera' && one.hasLayers);
  const videoOf = (peerId: string, source: 'camera' | 'screen'): VideoInput | null => {
    const track = tracks.find((one) => one.peerId === peerId && one.source === source && !one.isPaused);
    return track?.input instanceof VideoInput ? track.input : null;
  };
  const heard = tracks.flatMap(({ producerId, input, isPaused }) =>
    input instanceof SoundInput && !isPaused ? [{ name: producerId, input }] : [],
  );
  return {
    people: people
      .filter(({ peerId }) => senders.has(peerId))
      .map(({ peerId, displayName: name, role }) => ({
        peerId,
        name,
        // What the host sends by RTMP comes as a peer of its own.
        isHost: role !== 'cohost',
        camera: videoOf(peerId, 'camera'),
        screen: videoOf(peerId, 'screen'),
        hasLayers: hasLayers(peerId),
      })),
    heard,
  };
}

/** The same people, of whom nothing is received at present. */
export const withoutMedia = (people: readonly ShownPerson[]): readonly ShownPerson[] =>
  people.map((person) => ({ ...person, camera: null, screen: null }));
