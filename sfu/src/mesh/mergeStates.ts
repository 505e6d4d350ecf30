import type { MeshRoomState, PeerInfo } from '@maydan/contracts';

export type RemotePeer = MeshRoomState['peers'][number];
export type RemoteProducerState = MeshRoomState['producers'][number];

export interface Merged {
  /** Those on stage of other nodes, by peer id. */
  readonly peers: ReadonlyMap<string, PeerInfo>;
  /** What they send, by id, and the state it was told in. */
  readonly producers: ReadonlyMap<string, { readonly told: RemoteProducerState; readonly by: MeshRoomState }>;
  /** People connected to other nodes. */
  readonly audience: number;
  /** Peers of this node that have joined elsewhere since. */
  readonly takenOver: readonly string[];
}

/**
 * Makes one stage of what the nodes tell. Of two peers with one id the one that joined last counts, wherever it is; at the
 * same millisecond the one on the node whose id comes later, so that all nodes choose the same.
 * @param own who is on stage of this node (`nodeId`), and since when (Unix time, ms)
 */
export function mergeStates(
  states: Iterable<MeshRoomState>,
  own: ReadonlyMap<string, number>,
  nodeId: string,
): Merged {
  const all = [...states];
  const newest = new Map<string, { joinedAtMs: number; nodeId: string; peer: RemotePeer | null }>();
  for (const [peerId, joinedAtMs] of own) newest.set(peerId, { joinedAtMs, nodeId, peer: null });
  for (const state of all) {
    for (const peer of state.peers) {
      const other = newest.get(peer.peerId);
      const claim = { joinedAtMs: peer.joinedAtMs, nodeId: state.nodeId, peer };
      if (other === undefined || isNewer(claim, other)) newest.set(peer.peerId, claim);
    }
  }
  const peers = new Map<string, PeerInfo>();
  for (const [peerId, { peer }] of newest) {
    if (peer === null) continue;
    const { userId, displayName, role } = peer;
    peers.set(peerId, { peerId, userId, displayName, role });
  }
  const producers = all.flatMap((by) =>
    by.producers
      .filter(({ peerId }) => newest.get(peerId)?.nodeId === by.nodeId)
      .map((told) => [told.producerId, { told, by }] as const),
  );
  return {
    peers,
    producers: new Map(producers),
    audience: all.reduce((sum, { audience }) => sum + audience, 0),
    takenOver: [...own.keys()].filter((peerId) => peers.has(peerId)),
  };
}

function isNewer(
  a: { joinedAtMs: number; nodeId: string },
  b: { joinedAtMs: number; nodeId: string },
): boolean {
  return a.joinedAtMs > b.joinedAtMs || (a.joinedAtMs === b.joinedAtMs && a.nodeId > b.nodeId);
}
