import type { Logger } from '@maydan/common';
import type { ServerEventName } from '@maydan/contracts';
import type { ApiSocketServer, Connection } from './Connection.ts';
import type { StreamEntry, StreamListener } from './EventStream.ts';
import { withoutHidden, type RoomBatchTold } from './hiddenPeople.ts';

/** The room of those connections of a room that have this playback base. */
export const baseRoom = (room: string, base: string): string => `${room}@${base}`;
/** Connections that are being told what they missed: what comes meanwhile they read from the stream themselves. */
export const heldRoom = 'held';

/** Connections from whose users blocks hide somebody: few of many. */
export const hidingRoom = 'hiding';
export const roomEvents = 'session:events' satisfies ServerEventName;

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
      case 'expel':
        for (const connection of this.#connectionsIn(rooms)) connection.expel(envelope.sessionId);
        return;
      case 'hide':
        for (const connection of this.#connectionsIn(rooms))
          connection.hide(envelope.userId, envelope.isHidden);
        return;
      case 'tick':
    }
  }

  #emit(rooms: string[], event: string, entry: StreamEntry): void {
    if (event === roomEvents) return this.#emitRoomEvents(rooms, entry);
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

  /** The same for all, encoded once, but for those from whom something in it is hidden: they are told what is left of it. */
  #emitRoomEvents(rooms: string[], { payload, position }: StreamEntry): void {
    const batch = JSON.parse(payload) as RoomBatchTold;
    const others = this.#hidingIn(rooms).flatMap((connection) => {
      const shown = withoutHidden(batch, connection.hidden);
      return shown === batch ? [] : [{ id: connection.id, shown }];
    });
    const except = [heldRoom, ...others.map(({ id }) => id)];
    this.#io.local.to(rooms).except(except).emit(roomEvents, batch, position);
    for (const { id, shown } of others)
      if (shown !== null) this.#io.local.to(id).except(heldRoom).emit(roomEvents, shown, position);
  }

  #hidingIn(rooms: readonly string[]): Connection[] {
    const { rooms: known } = this.#io.sockets.adapter;
    const ids = [...(known.get(hidingRoom) ?? [])].filter((id) =>
      rooms.some((room) => known.get(room)?.has(id)),
    );
    return ids.flatMap((id) => this.#connections.get(id) ?? []);
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
