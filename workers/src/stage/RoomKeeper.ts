import { EventEmitter } from 'node:events';
import { listSfuNodes, type Logger, type Redis } from '@maydan/common';
import type { SfuClientOptions } from '../sfu/SfuClient.ts';
import { StageRoom } from './room/StageRoom.ts';

export interface RoomKeeperOptions {
  readonly join: SfuClientOptions;
  readonly redis: Redis;
  readonly rtpAddress: string | null;
  readonly log: Logger;
}

export interface RoomKeeperEvents {
  /** What is in the room changed, or the room came or went. */
  changed: [];
}

const retryMs = 300;
/** Another run of ours is in the room: whose job it is shows soon. */
const takenOverMs = 3_000;

/** Keeps our peer in the room of a session wherever that is: joins when a node has it, and again after a loss. */
export class RoomKeeper extends EventEmitter<RoomKeeperEvents> {
  readonly #options: RoomKeeperOptions;
  #room: StageRoom | null = null;
  #timer: NodeJS.Timeout | null = null;
  #joining: Promise<void> | null = null;
  #isClosed = false;

  constructor(options: RoomKeeperOptions) {
    super();
    this.#options = options;
    this.#later(0);
  }

  /** Null while no node has the room, or it can't be joined. */
  get room(): StageRoom | null {
    return this.#room;
  }

  /** Leaves. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#joining;
    await this.#room?.close();
  }

  #later(delayMs: number): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#joining = this.#join().finally(() => (this.#joining = null));
    }, delayMs);
  }

  async #join(): Promise<void> {
    const { join, redis, rtpAddress, log } = this.#options;
    try {
      const nodes = await listSfuNodes(redis);
      // A room that nobody is in has nothing to show, and is not ours to make.
      if (!nodes.some(({ rooms }) => rooms.includes(join.sessionId))) return this.#later(retryMs);
      const room = await StageRoom.join(join, rtpAddress);
      if (this.#isClosed) return await room.close();
      this.#room = room;
      log.info({ nodeId: room.nodeId }, 'in the room of the stage');
      room.on('changed', () => this.emit('changed'));
      room.once('closed', (reason) => this.#onClosed(reason));
      this.emit('changed');
    } catch (error) {
      log.info({ err: error }, 'the room can not be joined yet');
      this.#later(retryMs);
    }
  }

  #onClosed(reason: string): void {
    this.#options.log.info({ reason }, 'out of the room of the stage');
    this.#room = null;
    this.emit('changed');
    this.#later(reason === 'takenOver' ? takenOverMs : retryMs);
  }
}
