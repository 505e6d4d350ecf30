import type { SignalingOutput } from '@maydan/contracts';

type Room = SignalingOutput<'room.join'>;
type Scores = Omit<Room['network'][number], 'peerId'>;

/** A copy without one key; the same object when the key isn't there. */
export function withoutKey<T extends object>(record: T, key: string): T {
  if (!(key in record)) return record;
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key)) as T;
}

/** Loudness in dBov by peer id. */
export function levelsByPeer(levels: Room['levels']): Record<string, number> {
  return Object.fromEntries(levels.map(({ peerId, dBov }) => [peerId, dBov]));
}

/** Network scores by peer id. */
export function networkByPeer(network: Room['network']): Record<string, Scores> {
  return Object.fromEntries(network.map(({ peerId, ...scores }) => [peerId, scores]));
}
