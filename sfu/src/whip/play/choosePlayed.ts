import type { MediaKind, MediaSource, StageRole } from '@maydan/contracts';

/** What of a room's producer tells whether a player gets it. */
export interface Choosable {
  readonly kind: MediaKind;
  readonly source: MediaSource;
  readonly pausedBy: 'owner' | 'host' | null;
  readonly owner: { readonly role: StageRole };
}

/** The host's own first: by camera, or brought in from an encoder. */
const roles: readonly StageRole[] = ['host', 'ingress', 'cohost'];
/** A screen is shared to be looked at, a voice to be listened to. */
const sources: readonly MediaSource[] = ['screen', 'camera', 'microphone', 'screenAudio'];

/**
 * The producers of a kind, the one a WHEP player should have first: what isn't paused, then the host's, then a shared
 * screen, then the newest. `producers` are in the order in which they began.
 */
export function choosePlayed<P extends Choosable>(producers: readonly P[], kind: MediaKind): P[] {
  const rank = (producer: P): number[] => [
    producer.pausedBy === null ? 0 : 1,
    roles.indexOf(producer.owner.role) === 2 ? 1 : 0,
    sources.indexOf(producer.source),
  ];
  return producers
    .filter((producer) => producer.kind === kind)
    .toReversed()
    .toSorted((a, b) => compare(rank(a), rank(b)));
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
