import { z } from 'zod';
import { isoDate, sessionId } from './ids.ts';

export const serviceName = z.enum(['api', 'ingest', 'sfu', 'workers']);
export type ServiceName = z.infer<typeof serviceName>;

/** So many sessions a node names at most. */
export const maxNamedSessions = 1_000;

/** A process of ours, as it tells itself in Redis under `serviceNodeKey`. */
export const serviceNode = z.object({
  service: serviceName,
  nodeId: z.string().min(1).max(120),
  host: z.string().max(255),
  version: z.string().max(50),
  startedAt: isoDate,
  /** When it told this, by its own clock. */
  at: isoDate,
  /** 0 (idle) to 1 (full); null where there is no such measure. */
  load: z.number().min(0).nullable(),
  /** What it has, by kind: rooms, publishes, live sessions, sockets, ... */
  work: z.record(z.string().max(40), z.int().min(0)),
  /** Sessions that it works on. */
  sessions: z.array(sessionId).max(maxNamedSessions),
  /** Where it keeps what isn't stored yet; null where nothing is. */
  disk: z.object({ freeBytes: z.int(), totalBytes: z.int() }).nullable(),
});
export type ServiceNode = z.infer<typeof serviceNode>;

/** Set of `<service>/<nodeId>`. */
export const serviceNodesKey = 'maydan:nodes';
export const serviceNodeKey = (name: string): string => `${serviceNodesKey}:${name}`;
/** So often a node tells itself. */
export const serviceNodeBeatMs = 5_000;
/** A node that said nothing for so long is gone. */
export const serviceNodeAliveMs = 20_000;
/** So long after its last word it is shown as gone; one that ended in order is not shown any more. */
export const serviceNodeKeptMs = 900_000;
