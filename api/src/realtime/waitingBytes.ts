import { z } from 'zod';

/** What engine.io has of a packet that wasn't handed to the line yet, and `ws` of what was and isn't taken. */
const packets = z.array(z.object({ data: z.unknown() }));
const line = z.object({ socket: z.object({ bufferedAmount: z.int() }) });

/** Bytes (of texts: characters) that wait for the other side, as far as engine.io and `ws` tell. */
export function waitingBytesOf(conn: { readonly transport: unknown }): number {
  const waiting: unknown = Reflect.get(conn, 'writeBuffer');
  // Nothing gathers here while the line takes what it is given.
  if (!Array.isArray(waiting) || waiting.length === 0) return 0;
  const parsed = packets.safeParse(waiting).data ?? [];
  const inLine = line.safeParse(conn.transport).data?.socket.bufferedAmount ?? 0;
  return parsed.reduce((sum, { data }) => sum + lengthOf(data), inLine);
}

function lengthOf(data: unknown): number {
  return typeof data === 'string' || Buffer.isBuffer(data) ? data.length : 0;
}
