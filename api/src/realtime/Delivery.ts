import { toErrorBody, AppError, type Logger } from '@maydan/common';
import type { Server } from 'socket.io';
import type { StreamEntry } from './EventStream.ts';

/** The room of those connections of a room that have this playback base. */
export const baseRoom = (room: string, base: string): string => `${room}@${base}`;

/** Hands on to the connections of this process what the stream tells, in its order. */
export class Delivery {
  readonly #io: Server;
  readonly #logger: Logger;
  /** Playback bases in use → number of connections. */
  readonly #bases = new Map<string, number>();

  constructor(io: Server, logger: Logger) {
    this.#io = io;
    this.#logger = logger;
  }

  baseUsed(base: string): void {
    this.#bases.set(base, (this.#bases.get(base) ?? 0) + 1);
  }

  baseReleased(base: string): void {
    const left = (this.#bases.get(base) ?? 1) - 1;
    if (left === 0) this.#bases.delete(base);
    else this.#bases.set(base, left);
  }

  deliver(entry: StreamEntry): void {
    try {
      this.#deliver(entry);
    } catch (error) {
      this.#logger.error(
        { err: error, position: entry.position },
        'an entry of the stream was not handed on',
      );
    }
  }

  #deliver({ position, envelope, payload }: StreamEntry): void {
    const rooms = envelope.rooms.filter((room) => this.#isThere(room));
    if (rooms.length === 0) return;
    switch (envelope.type) {
      case 'event':
        if (envelope.mark === undefined) this.#emit(rooms, envelope.event, payload, position);
        else this.#emitPerBase(rooms, envelope.event, { payload, mark: envelope.mark, position });
        return;
      case 'remove':
        this.#io.local.in(rooms).socketsLeave(this.#withBases(envelope.from));
        return;
      case 'disconnect':
        this.#io.local.in(rooms).emit('connection:ended', toErrorBody(new AppError(envelope.code)));
        this.#io.local.in(rooms).disconnectSockets(true);
    }
  }

  #emit(rooms: string[], event: string, payload: string, position: string): void {
    this.#io.local.to(rooms).emit(event, JSON.parse(payload), position);
  }

  #emitPerBase(
    rooms: string[],
    event: string,
    { payload, mark, position }: { payload: string; mark: string; position: string },
  ): void {
    for (const base of this.#bases.keys()) {
      const names = rooms.map((room) => baseRoom(room, base)).filter((name) => this.#isThere(name));
      if (names.length > 0) this.#emit(names, event, rebased(payload, mark, base), position);
    }
  }

  #withBases(room: string): string[] {
    return [room, ...[...this.#bases.keys()].map((base) => baseRoom(room, base))];
  }

  #isThere(room: string): boolean {
    return this.#io.sockets.adapter.rooms.has(room);
  }
}

/** The payload for connections of this base: JSON, in which the mark only ever stands within texts. */
export function rebased(payload: string, mark: string, base: string): string {
  return payload.replaceAll(mark, JSON.stringify(base).slice(1, -1));
}
