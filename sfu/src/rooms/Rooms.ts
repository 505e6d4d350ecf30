import { EventEmitter } from 'node:events';
import { AppError } from '@maydan/common';
import type { Logger } from '@maydan/common';
import type { JoinClaims, LeaveReason, SfuCommand } from '@maydan/contracts';
import { ProbeThread } from '../picture/ProbeThread.ts';
import type { WorkerPool } from '../workers/WorkerPool.ts';
import type { Identity, Peer } from './Peer.ts';
import { LevelMeters } from './LevelMeters.ts';
import { Removals } from './Removals.ts';
import type { SessionType } from './rights.ts';
import { Room } from './Room.ts';
import { RoomRouters } from './RoomRouters.ts';
import { TransportFactory } from './TransportFactory.ts';
import type { TransportSettings } from './TransportFactory.ts';
import { isRemoved, type Removed } from './Whom.ts';

export interface RoomsOptions {
  readonly pool: WorkerPool;
  readonly transports: Omit<TransportSettings, 'keyFrameSent'>;
  /** Consumers from which on a room's viewers go to another Worker. */
  readonly consumersPerWorker: number;
  /** Makes a new room ready before anybody joins it. Never rejects, nor takes long. */
  readonly prepare?: (room: Room) => Promise<void>;
  readonly logger: Logger;
}

/** Who was let in by the api, and when. */
export type Admitted = Pick<JoinClaims, 'sessionId' | 'peerId' | 'userId' | 'role' | 'iat'>;

interface RoomsEvents {
  opened: [room: Room];
  closed: [room: Room, reason: LeaveReason];
}

/** A room that nobody comes to. */
const emptyTimeoutMs = 10_000;
const joinAttempts = 3;

/** The rooms of this node, by session. */
export class Rooms extends EventEmitter<RoomsEvents> {
  /** Since the start: key frames that receivers asked for, and that senders were asked for. */
  readonly keyFrames = { asked: 0, sent: 0 };
  /** Reads packets of pictures and sound beside the event loop. */
  readonly probes: ProbeThread;
  readonly #options: RoomsOptions;
  readonly #transports: TransportFactory;
  readonly #levelMeters: LevelMeters;
  readonly #removals = new Removals();
  readonly #rooms = new Map<string, Room>();
  readonly #opening = new Map<string, Promise<Room>>();
  #closed = false;

  constructor(options: RoomsOptions) {
    super();
    this.#options = options;
    const { logger, transports } = options;
    this.probes = new ProbeThread(logger);
    this.#levelMeters = new LevelMeters({ thread: this.probes, portRange: transports.portRange, logger });
    this.#transports = new TransportFactory({
      ...options.transports,
      keyFrameSent: () => this.keyFrames.sent++,
    });
  }

  /** How many senders' levels are heard by decoding. */
  get levelMeters(): number {
    return this.#levelMeters.decoders;
  }

  get all(): readonly Room[] {
    return [...this.#rooms.values()];
  }

  find(sessionId: string): Room | undefined {
    return this.#rooms.get(sessionId);
  }

  /** 0 (idle) to 1 (full). */
  get load(): number {
    const { pool, consumersPerWorker } = this.#options;
    const consumers = pool.workers.reduce((sum, { counts }) => sum + counts.consumers, 0);
    return consumers / (2 * consumersPerWorker * pool.size);
  }

  /**
   * The session's room, opened if need be.
   * @throws AppError `conflict` when it is a room of the other type, `unavailable` while there is no Worker.
   */
  async open(sessionId: string, sessionType: SessionType): Promise<Room> {
    if (this.#closed) throw new AppError('unavailable');
    // Who comes while it is being made ready waits for that, too, and joins after those who came before.
    const ready = this.#opening.has(sessionId) ? undefined : this.#rooms.get(sessionId);
    const room = ready ?? (await this.#openOnce(sessionId, sessionType));
    if (room.sessionType !== sessionType)
      throw new AppError('conflict', `This is an ${room.sessionType} session.`);
    return room;
  }

  /**
   * Opens the room and joins it. @throws AppError as `open` and `Room.join` do; what is thrown while a room is being
   * closed is tried again.
   */
  async join(
    sessionId: string,
    sessionType: SessionType,
    identity: Identity,
  ): Promise<{ room: Room; peer: Peer }> {
    for (let attempt = 1; ; attempt++) {
      const room = await this.open(sessionId, sessionType);
      try {
        return { room, peer: await room.join(identity) };
      } catch (error) {
        if (!room.closed || attempt === joinAttempts) throw error;
      }
    }
  }

  /**
   * To be asked before joining and, as that takes a moment, once more after it.
   * @throws AppError `forbidden` for who was let in before they were sent out.
   */
  checkAdmission(admitted: Admitted): void {
    if (this.#removals.refuses(admitted))
      throw new AppError('forbidden', 'You were removed from this session.');
  }

  /** Does what the api says, at once. Of what it said at `atMs`, and wasn't heard then, only who came before is concerned. */
  async obey(command: SfuCommand, atMs?: number): Promise<void> {
    if (command.type === 'removeUser') return this.#removeUser(command, atMs);
    const room = this.#rooms.get(command.sessionId);
    switch (command.type) {
      case 'removePeer':
        return this.#remove(room, command, atMs);
      case 'mutePeer':
        return room?.mute(command.whom, command.source, command.muted);
      case 'closeRoom':
        this.#removals.add(command.sessionId, null, false, atMs);
        return room?.close(command.reason);
    }
  }

  /** Everybody is told `roomLost`, so that they go to another node. */
  close(): void {
    this.#closed = true;
    for (const room of this.all) room.close('roomLost');
    void this.probes.close();
  }

  #remove(
    room: Room | undefined,
    { sessionId, whom, reason }: Extract<SfuCommand, { type: 'removePeer' }>,
    atMs?: number,
  ): void {
    const concerned = room === undefined ? [] : concernedIn(room, whom, atMs);
    const wasViewer = concerned.some(({ role }) => role === 'viewer');
    this.#removals.add(sessionId, whom, reason === 'removed' && !wasViewer, atMs);
    for (const peer of concerned) peer.close(reason);
  }

  #removeUser({ userId, reason }: Extract<SfuCommand, { type: 'removeUser' }>, atMs?: number): void {
    this.#removals.addEverywhere({ userId }, atMs);
    for (const room of this.all) {
      for (const peer of concernedIn(room, { userId }, atMs)) peer.close(reason);
    }
  }

  #openOnce(sessionId: string, sessionType: SessionType): Promise<Room> {
    const known = this.#opening.get(sessionId);
    if (known !== undefined) return known;
    const opening = this.#create(sessionId, sessionType).finally(() => this.#opening.delete(sessionId));
    this.#opening.set(sessionId, opening);
    return opening;
  }

  async #create(sessionId: string, sessionType: SessionType): Promise<Room> {
    const { pool, consumersPerWorker } = this.#options;
    const logger = this.#options.logger.child({ sessionId });
    const routers = await RoomRouters.create(pool, consumersPerWorker);
    if (this.#closed) {
      routers.close();
      throw new AppError('unavailable');
    }
    const keyFrameAsked = (): number => this.keyFrames.asked++;
    const room = new Room({
      sessionId,
      sessionType,
      routers,
      transports: this.#transports,
      levelMeters: this.#levelMeters,
      logger,
      keyFrameAsked,
    });
    this.#rooms.set(sessionId, room);
    logger.info('room opened');
    const empty = setTimeout(() => {
      if (room.peers.size === 0) room.close('left');
    }, emptyTimeoutMs);
    room.once('closed', (reason) => {
      clearTimeout(empty);
      this.#rooms.delete(sessionId);
      logger.info({ reason }, 'room closed');
      this.emit('closed', room, reason);
    });
    this.emit('opened', room);
    await this.#options.prepare?.(room);
    return room;
  }
}

/** Who came after a command that is heard late, the api let in again. */
function concernedIn(room: Room, whom: Removed, atMs: number | undefined): Peer[] {
  const peers = [...room.peers.values()].filter(({ identity }) => isRemoved(whom, identity));
  if (atMs === undefined) return peers;
  return peers.filter(({ identity: { iat } }) => iat !== undefined && iat <= Math.floor(atMs / 1_000));
}
