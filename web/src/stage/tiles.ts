import type { PeerInfo, ProducerInfo, StageRole } from '@maydan/contracts';
import type { LocalMediaState } from './LocalMedia.ts';
import type { StageState } from './stageState.ts';

/** One picture on the stage: a person, or the screen that a person shares. */
export interface Tile {
  readonly key: string;
  readonly peerId: string;
  readonly userId: string | null;
  readonly name: string;
  readonly role: StageRole;
  readonly own: boolean;
  readonly kind: 'person' | 'screen';
  /** What to show: a received producer, a track of this device, or nothing (then the initials stand there). */
  readonly video:
    | { readonly from: 'producer'; readonly producerId: string }
    | { readonly from: 'track'; readonly track: MediaStreamTrack }
    | null;
  /** Null: has no microphone here. */
  readonly microphone: 'on' | 'muted' | 'mutedByHost' | null;
  readonly speaking: boolean;
  /** 0 (unusable) to 10 (perfect); null where nothing is known. */
  readonly network: number | null;
}

export interface Self {
  readonly userId: string | null;
  readonly name: string;
  readonly local: LocalMediaState;
}

/** Louder than this somebody counts as speaking also when somebody else is louder. */
const speechDBov = -50;

/** Everything that is shown of a stage, screens first, oneself last among the people. */
export function tilesOf(state: StageState, self: Self | null): readonly Tile[] {
  const others = state.peers.flatMap((peer) => tilesOfPeer(state, peer));
  const all = [...others, ...(self ? ownTiles(state, self) : [])];
  return [...all.filter(({ kind }) => kind === 'screen'), ...all.filter(({ kind }) => kind === 'person')];
}

/** More people than this can't be told apart in a grid. */
const mostPeople = 9;

/**
 * What has a place in the grid, and who stands below it as a name: of many people those with a picture go first, so that
 * nobody with one is only a name, and everybody is there.
 */
export function placesOf(tiles: readonly Tile[]): { grid: readonly Tile[]; names: readonly Tile[] } {
  const people = tiles.filter(({ kind }) => kind === 'person');
  const byPicture = people.toSorted((a, b) => Number(b.video !== null) - Number(a.video !== null));
  const names = new Set(byPicture.slice(mostPeople).filter(({ video }) => video === null));
  return { grid: tiles.filter((tile) => !names.has(tile)), names: people.filter((tile) => names.has(tile)) };
}

/** Producers that are heard here. */
export function audioOf(state: StageState): readonly ProducerInfo[] {
  return state.producers.filter(({ kind }) => kind === 'audio');
}

function tilesOfPeer(state: StageState, peer: PeerInfo): Tile[] {
  const { peerId, userId, displayName: name, role } = peer;
  const find = (source: ProducerInfo['source']): ProducerInfo | undefined =>
    state.producers.find((producer) => producer.peerId === peerId && producer.source === source);
  const microphone = find('microphone');
  const shown = (producer: ProducerInfo | undefined): Tile['video'] =>
    producer?.pausedBy === null ? { from: 'producer', producerId: producer.producerId } : null;
  const person: Tile = {
    ...{ key: peerId, peerId, userId, name, role, own: false, kind: 'person' },
    video: shown(find('camera')),
    microphone: microphone ? microphoneOf(microphone.pausedBy) : null,
    speaking: isSpeaking(state, peerId),
    network: state.network[peerId]?.sending ?? null,
  };
  const screen = shown(find('screen'));
  return screen ? [person, { ...person, key: `${peerId}:screen`, kind: 'screen', video: screen }] : [person];
}

function microphoneOf(pausedBy: ProducerInfo['pausedBy']): Tile['microphone'] {
  if (pausedBy === null) return 'on';
  return pausedBy === 'host' ? 'mutedByHost' : 'muted';
}

function ownTiles(state: StageState, { userId, name, local }: Self): Tile[] {
  const peerId = state.peerId ?? 'self';
  const { camera, microphone, screen } = local;
  const hostMuted = (source: 'camera' | 'microphone'): boolean => state.own[source]?.mutedByHost ?? false;
  const track = camera.on && !hostMuted('camera') ? camera.track : null;
  const person: Tile = {
    ...{ key: 'self', peerId, userId, name, role: state.role ?? 'cohost', own: true, kind: 'person' },
    video: track ? { from: 'track', track } : null,
    microphone: ownMicrophone(microphone.track !== null, microphone.on, hostMuted('microphone')),
    speaking: isSpeaking(state, peerId),
    network: state.network[peerId]?.sending ?? null,
  };
  if (!screen.track) return [person];
  const video: Tile['video'] = { from: 'track', track: screen.track };
  return [person, { ...person, key: 'self:screen', kind: 'screen', video }];
}

function ownMicrophone(there: boolean, on: boolean, mutedByHost: boolean): Tile['microphone'] {
  if (!there) return null;
  if (mutedByHost) return 'mutedByHost';
  return on ? 'on' : 'muted';
}

function isSpeaking(state: StageState, peerId: string): boolean {
  return state.speaker === peerId || (state.levels[peerId] ?? -127) > speechDBov;
}
