import { signalingEvents } from '@maydan/contracts';
import type { TestClient } from '../../testing/TestClient.ts';
import { until } from '../../testing/until.ts';

/** Who is on stage, and what they send, by all that somebody was told. */
export function stageAt({ room, events }: TestClient): { peerIds: Set<string>; producerIds: Set<string> } {
  const peerIds = new Set(room?.peers.map(({ peerId }) => peerId));
  const producerIds = new Set(room?.producers.map(({ producerId }) => producerId));
  for (const { name, payload } of events) {
    if (name === 'peer.joined') peerIds.add(signalingEvents[name].parse(payload).peer.peerId);
    if (name === 'peer.left') peerIds.delete(signalingEvents[name].parse(payload).peerId);
    if (name === 'producer.added') producerIds.add(signalingEvents[name].parse(payload).producer.producerId);
    if (name === 'producer.removed') producerIds.delete(signalingEvents[name].parse(payload).producerId);
  }
  return { peerIds, producerIds };
}

/** Waits until somebody was told that all of these are there. */
export async function sees(
  client: TestClient,
  { peerIds = [], producerIds = [] }: { peerIds?: readonly string[]; producerIds?: readonly string[] },
): Promise<void> {
  await until('what others have', () => {
    const stage = stageAt(client);
    return (
      peerIds.every((id) => stage.peerIds.has(id)) && producerIds.every((id) => stage.producerIds.has(id))
    );
  });
}
