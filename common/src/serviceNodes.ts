import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import {
  maxNamedSessions,
  serviceNode,
  serviceNodeAliveMs,
  serviceNodeBeatMs,
  serviceNodeKeptMs,
  serviceNodeKey,
  serviceNodesKey,
  type ServiceName,
  type ServiceNode,
} from '@maydan/contracts';
import { Heartbeat } from './Heartbeat.ts';
import type { Logger } from './logger.ts';
import { parseJson } from './parseJson.ts';
import type { Redis } from './redis.ts';
import { version } from './version.ts';

/** What a process tells of itself; what is absent there isn't. */
export type NodeReport = Pick<ServiceNode, 'work'> & Partial<Pick<ServiceNode, 'load' | 'sessions' | 'disk'>>;

export interface NodeOptions {
  readonly redis: Redis;
  readonly service: ServiceName;
  readonly nodeId: string;
  readonly describe: () => NodeReport | Promise<NodeReport>;
  readonly logger: Logger;
}

/** A name for this process that no other one has. */
export function newNodeId(): string {
  return `${hostname().slice(0, 80)}-${process.pid}-${randomBytes(3).toString('hex')}`;
}

/** Tells admins of this process, until the heartbeat is closed. Redis may be away. */
export function announceNode({ redis, service, nodeId, describe, logger }: NodeOptions): Heartbeat {
  const name = `${service}/${nodeId}`;
  const fixed = { service, nodeId, host: hostname(), version, startedAt: new Date().toISOString() };
  return Heartbeat.start({
    announce: async () => {
      const { work, load = null, sessions = [], disk = null } = await describe();
      const named = sessions.slice(0, maxNamedSessions);
      const node = { ...fixed, at: new Date().toISOString(), work, load, sessions: named, disk };
      const text = JSON.stringify(serviceNode.parse(node));
      const write = redis.multi().set(serviceNodeKey(name), text, 'PX', serviceNodeKeptMs);
      await write.sadd(serviceNodesKey, name).exec();
    },
    withdraw: async () => {
      await redis.multi().del(serviceNodeKey(name)).srem(serviceNodesKey, name).exec();
    },
    everyMs: serviceNodeBeatMs,
    logger,
  });
}

/** A process that told itself within the last quarter of an hour. */
export interface KnownNode extends ServiceNode {
  /** Whether it said something lately, by the clock of Redis. */
  readonly alive: boolean;
}

/** All processes, by service and name; what one of another version says is passed over. */
export async function listNodes(redis: Redis): Promise<KnownNode[]> {
  const names = (await redis.smembers(serviceNodesKey)).sort();
  if (names.length === 0) return [];
  const texts = await redis.mget(names.map(serviceNodeKey));
  const lifetimes = await Promise.all(names.map((name) => redis.pttl(serviceNodeKey(name))));
  const gone = names.filter((_, at) => texts[at] === null);
  if (gone.length > 0) await redis.srem(serviceNodesKey, ...gone);
  return texts.flatMap((text, at) => {
    const parsed = serviceNode.safeParse(parseJson(text ?? ''));
    const silentMs = serviceNodeKeptMs - (lifetimes[at] ?? 0);
    return parsed.success ? [{ ...parsed.data, alive: silentMs < serviceNodeAliveMs }] : [];
  });
}
