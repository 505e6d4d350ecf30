import { randomUUID } from 'node:crypto';
import type { Logger } from '@maydan/common';
import {
  serverEvents,
  type ErrorCode,
  type ServerEventName,
  type ServerEventPayload,
} from '@maydan/contracts';
import type { Envelope, EventStream } from './EventStream.ts';
import type { Room } from './rooms.ts';

type Emit = <E extends ServerEventName>(
  to: Room | readonly Room[],
  event: E,
  payload: ServerEventPayload<E>,
  baseMark?: string,
) => Promise<void>;

/**
 * How services and background code of any api process tell connected clients something, whichever process they are
 * connected to. What one process emits arrives in its order. Methods but `emitOrFail` never reject: sockets are told of
 * what has happened already, so a Redis that is away is logged and the change itself stands.
 */
export interface Emitter {
  /**
   * Once to each connection that is in any of the rooms. `baseMark` (of `newBaseMark`) in the payload is replaced by each
   * connection's own playback base.
   */
  readonly emit: Emit;
  /** As `emit`, for who can tell it again later. Rejects when Redis is away. */
  readonly emitOrFail: Emit;
  /** Takes all connections of `whose` out of a room; what was emitted before still reaches them. */
  remove(whose: Room, from: Room): Promise<void>;
  /** Disconnects all connections of a room, with the code as the reason they are told. */
  disconnect(whose: Room, code: ErrorCode): Promise<void>;
  /** Cuts the lines of all connections of a room: they come back by themselves, as who they are now, and miss nothing. */
  reconnect(whose: Room): Promise<void>;
  /** Takes all connections of these rooms out of a session and its chat, or (null) of all sessions, and tells them so. */
  expel(whose: readonly Room[], sessionId: string | null): Promise<void>;
  /** What a person does in sessions is hidden from all connections of `whose`, or is so no more. */
  hide(whose: Room, userId: string, isHidden: boolean): Promise<void>;
}

/** Stands for the playback base in a payload; random, so that no text of a user can stand for it. */
export function newBaseMark(): string {
  return `base-${randomUUID()}`;
}

/** Emits through the stream that every api process reads. */
export class StreamEmitter implements Emitter {
  readonly #stream: EventStream;
  readonly #logger: Logger;

  constructor(stream: EventStream, logger: Logger) {
    this.#stream = stream;
    this.#logger = logger;
  }

  readonly emit: Emit = async (to, event, payload, mark) => {
    const rooms = listOf(to);
    await this.#loggingFaults('event', rooms, () => this.emitOrFail(rooms, event, payload, mark));
  };

  readonly emitOrFail: Emit = async (to, event, payload, mark) => {
    const rooms = listOf(to);
    if (rooms.length === 0) return;
    const parsed = serverEvents[event].safeParse(payload);
    if (!parsed.success) return this.#logger.error({ err: parsed.error, event }, 'an event is not as agreed');
    await this.#stream.append({ type: 'event', rooms, event, mark }, JSON.stringify(parsed.data));
  };

  remove(whose: Room, from: Room): Promise<void> {
    return this.#append({ type: 'remove', rooms: [whose], from });
  }

  disconnect(whose: Room, code: ErrorCode): Promise<void> {
    return this.#append({ type: 'disconnect', rooms: [whose], code });
  }

  reconnect(whose: Room): Promise<void> {
    return this.#append({ type: 'reconnect', rooms: [whose] });
  }

  hide(whose: Room, userId: string, isHidden: boolean): Promise<void> {
    return this.#append({ type: 'hide', rooms: [whose], userId, isHidden });
  }

  async expel(whose: readonly Room[], sessionId: string | null): Promise<void> {
    if (whose.length > 0) await this.#append({ type: 'expel', rooms: [...whose], sessionId });
  }

  #append(envelope: Envelope): Promise<void> {
    const { type, rooms } = envelope;
    return this.#loggingFaults(type, rooms, () => this.#stream.append(envelope));
  }

  async #loggingFaults(type: string, rooms: readonly string[], tell: () => Promise<unknown>): Promise<void> {
    try {
      await tell();
    } catch (error) {
      this.#logger.warn({ err: error, type, room: rooms[0] }, 'sockets could not be told');
    }
  }
}

function listOf(to: Room | readonly Room[]): Room[] {
  return typeof to === 'string' ? [to] : [...to];
}
