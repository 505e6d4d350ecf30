import type { Logger } from '@maydan/common';
import type { ApiSocketServer, Connection } from './Connection.ts';
import type { StreamEntry, StreamListener } from './EventStream.ts';

/** The room of those connections of a room that have this playback base. */
export const baseRoom = (room: string, base: string): string => `${room}@${base}`;
/** Connections that are being told what they missed: what comes meanwhile they read from the stream themselves. */
export const heldRoom = 'held';

/** Hands on to the connections of this process what the stream tells, in its order. */
export class Delivery implements StreamListener {
  readonly #io: ApiSocketServer;
  readonly #connections: ReadonlyMap<string, Connection>;
  readonly #logger: Logger;

  /** `connections` are those of this process, by id. */
  constructor(io: ApiSocketServer, connections: ReadonlyMap<string, Connection>, logger: Logger) {
    this.#io = io;
    this.#connections = connections;
    this.#logger = logger;
  }

  told(entry: StreamEntry): void {
    try {
      this.#deliver(entry);
    } catch (error) {
      this.#logger.error(
        { err: error, position: entry.position },
        'an entry of the stream was not handed on',
      );
    }
  }

  /** They come back, and are told that they don't go on from where they were. */
  gap(): void {
    for (const connection of this.#connections.values()) connection.cut();
  }

  /** Whoever comes back after a quiet time goes on from here. */
  tellPosition(position: string): void {
    this.#io.local.except(heldRoom).emit('connection:position', {}, position);
  }

  #deliver(entry: StreamEntry): void {
    const { envelope } = entry;
    const rooms = envelope.rooms.filter((room) => this.#isThere(room));
    if (rooms.length === 0) return;
    switch (envelope.type) {
      case 'event':
        return this.#emit(rooms, envelope.event, entry);
      case 'remove':
        for (const connection of this.#connectionsIn(rooms)) connection.leave(envelope.from);
        return;
      case 'disconnect':
        for (const connection of this.#connectionsIn(rooms)) connection.end(envelope.code);
        return;
      case 'reconnect':
        for (const connection of this.#connectionsIn(rooms)) connection.cut();
        return;
      case 'tick':
    }
  }

  #emit(rooms: string[], event: string, entry: StreamEntry): void {
    const to = (names: string[]) => this.#io.local.to(names).except(heldRoom);
    if (entry.envelope.type !== 'event' || entry.envelope.mark === undefined) {
      to(rooms).emit(event, JSON.parse(entry.payload), entry.position);
      return;
    }
    for (const base of this.#basesIn(rooms)) {
      const names = rooms.map((room) => baseRoom(room, base));
      to(names).emit(event, payloadFor(entry, base), entry.position);
    }
  }

  #connectionsIn(rooms: string[]): Set<Connection> {
    const ids = rooms.flatMap((room) => [...(this.#io.sockets.adapter.rooms.get(room) ?? [])]);
    return new Set(ids.flatMap((id) => this.#connections.get(id) ?? []));
  }

  #basesIn(rooms: string[]): Set<string> {
    return new Set([...this.#connectionsIn(rooms)].map(({ playbackBase }) => playbackBase));
  }

  #isThere(room: string): boolean {
    return this.#io.sockets.adapter.rooms.has(room);
  }
}

/** The payload for a connection with this playback base: the mark stands for it, and only ever within texts. */
export function payloadFor({ envelope, payload }: StreamEntry, base: string): unknown {
  const mark = envelope.type === 'event' ? envelope.mark : undefined;
  return JSON.parse(
    mark === undefined ? payload : payload.replaceAll(mark, () => JSON.stringify(base).slice(1, -1)),
  );
}
