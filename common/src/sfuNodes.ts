import {
  sfuNode,
  sfuNodeKey,
  sfuNodesKey,
  sfuNodeSilentMs,
  sfuNodeTtlMs,
  type SfuNode,
} from '@maydan/contracts';
import { askListening } from './askListening.ts';
import type { Redis } from './redis.ts';

/** From this load on a node takes no people of another room, nor more of its own while another node has space. */
const fullLoad = 0.9;

/** Says that a node is there, for `sfuNodeTtlMs`. Rejects when Redis is away. */
export async function announceSfuNode(redis: Redis, node: SfuNode): Promise<void> {
  await redis
    .multi()
    .set(sfuNodeKey(node.nodeId), JSON.stringify(sfuNode.parse(node)), 'PX', sfuNodeTtlMs)
    .sadd(sfuNodesKey, node.nodeId)
    .exec();
}

/** Says that a node is going away, so that nobody is sent to it any more. */
export async function withdrawSfuNode(redis: Redis, nodeId: string): Promise<void> {
  await redis.multi().del(sfuNodeKey(nodeId)).srem(sfuNodesKey, nodeId).exec();
}

/** The nodes that are there but for `own`, in the order of their ids; what a node of another version says is passed over. */
export async function listSfuNodes(redis: Redis, own?: string): Promise<SfuNode[]> {
  const nodeIds = (await redis.smembers(sfuNodesKey)).filter((nodeId) => nodeId !== own).sort();
  if (nodeIds.length === 0) return [];
  const texts = await redis.mget(nodeIds.map(sfuNodeKey));
  const gone = nodeIds.filter((_, index) => texts[index] === null);
  if (gone.length > 0) await redis.srem(sfuNodesKey, ...gone);
  return texts.flatMap((text) => {
    const parsed = text === null ? null : sfuNode.safeParse(JSON.parse(text));
    return parsed?.success === true ? [parsed.data] : [];
  });
}

/**
 * The node that somebody joins a session's room on: one that has the room and space, else the least loaded; undefined
 * when there is none.
 */
export function pickSfuNode(nodes: readonly SfuNode[], sessionId: string): SfuNode | undefined {
  const byLoad = [...nodes].sort((a, b) => a.load - b.load);
  const withRoom = byLoad.find(({ rooms, load }) => rooms.includes(sessionId) && load < fullLoad);
  return withRoom ?? byLoad[0];
}

/**
 * Whether a node is gone although it may be named for a while: nobody listens at one of `urls` any more; or it has missed to
 * announce itself and nothing at all comes back from it, as of a machine that is lost. One that stands still is there, and
 * so is one that only we can't reach. Rejects when Redis is away.
 */
export async function isSfuNodeGone(
  redis: Redis,
  { nodeId, internalUrl }: Pick<SfuNode, 'nodeId' | 'internalUrl'>,
  urls: readonly string[] = [internalUrl],
): Promise<boolean> {
  const answers = await Promise.all(urls.map(askListening));
  if (answers.includes('refused')) return true;
  if (answers.includes('listening')) return false;
  return (await redis.pttl(sfuNodeKey(nodeId))) < sfuNodeTtlMs - sfuNodeSilentMs;
}
