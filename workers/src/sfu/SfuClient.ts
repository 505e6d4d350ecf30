import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import {
  AppError,
  isConnectionRefused,
  isSfuNodeGone,
  listSfuNodes,
  mintJoinToken,
  pickSfuNode,
  type Logger,
  type Redis,
} from '@maydan/common';
import {
  signalingEvents,
  type JoinClaims,
  type LeaveReason,
  type SfuNode,
  type SignalingEvent,
  type SignalingInput,
  type SignalingOutput,
  type SignalingPayload,
  type SignalingRequest,
} from '@maydan/contracts';
import { NodeWatch } from './NodeWatch.ts';
import { SfuConnection } from './SfuConnection.ts';

export interface SfuClientOptions {
  readonly redis: Redis;
  /** INTERNAL_SECRET: the client signs its own join token. */
  readonly secret: string;
  readonly sessionId: string;
  readonly sessionType: JoinClaims['sessionType'];
  /** `viewer` only in tests. */
  readonly role: 'egress' | 'ingress' | 'viewer';
  /** Default `servicePeerId(role, sessionId)`: whoever joins next for the same purpose takes the peer over. */
  readonly peerId?: string;
  readonly displayName?: string;
  /** Events wait for `deliver()`: for who isn't ready to listen as soon as it has joined. */
  readonly holdsEvents?: boolean;
  readonly log: Logger;
}

/** What the room is like at the moment of joining. */
export type JoinedRoom = SignalingOutput<'room.join'>;

export type SfuClientEvents = { [E in SignalingEvent]: [payload: SignalingPayload<E>] } & {
  /** The connection was lost for a moment; everything of ours in the room is still there, events may have been missed. */
  resumed: [room: JoinedRoom];
  /** Last event, comes once. After `roomLost` and `lost` join again with a new client. */
  closed: [reason: LeaveReason];
};

/** A peer id that is the same wherever and whenever a service joins a session in this role. */
export function servicePeerId(role: SfuClientOptions['role'], sessionId: string): string {
  const hex = createHash('sha256').update(`${role}:${sessionId}`).digest('hex');
  // Version 8 (RFC 9562 5.8): made by a rule of our own.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/**
 * A peer of one of our services in a room of the sfu. Single use: `closed` is its end. A lost connection is taken up again
 * for a few seconds, in which media goes on; what can't be resumed is closed.
 */
export class SfuClient extends EventEmitter<SfuClientEvents> {
  readonly node: SfuNode;
  readonly room: JoinedRoom;
  readonly peerId: string;
  readonly #connection: SfuConnection;
  readonly #watch: NodeWatch;
  #isClosed = false;

  /**
   * Joins on the node that has the room, else on the least loaded one; a node whose process or machine is gone is passed over
   * as long as there is another. What an earlier client of this peer id left behind is gone then. @throws AppError `unavailable` without a node or an answer, and whatever the sfu refuses with.
   */
  static async join(options: SfuClientOptions): Promise<SfuClient> {
    let nodes = await listSfuNodes(options.redis);
    for (;;) {
      const node = pickSfuNode(nodes, options.sessionId);
      if (!node) throw new AppError('unavailable', 'There is no sfu at present.');
      const others = nodes.filter((other) => other !== node);
      try {
        // What a dead node said of itself stays for some seconds.
        if (others.length === 0 || !(await isSfuNodeGone(options.redis, node)))
          return await SfuClient.#joinOn(node, options);
      } catch (error) {
        if (others.length === 0 || !isConnectionRefused(error)) throw error;
      }
      nodes = others;
    }
  }

  static async #joinOn(node: SfuNode, options: SfuClientOptions): Promise<SfuClient> {
    const { role, sessionId, log } = options;
    const peerId = options.peerId ?? servicePeerId(role, sessionId);
    const mintToken = (): string => tokenOf(options, peerId);
    const connect = () => SfuConnection.open({ url: node.internalUrl, mintToken, log });
    let connection = await connect();
    try {
      let room = await connection.request('room.join', {});
      if (room.resumed) {
        // An earlier run's transports are of no use to us.
        await connection.request('room.leave', {});
        connection.close();
        connection = await connect();
        room = await connection.request('room.join', {});
      }
      return new SfuClient({ options, node, connection, room });
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  private constructor(parts: {
    options: SfuClientOptions;
    node: SfuNode;
    connection: SfuConnection;
    room: JoinedRoom;
  }) {
    super();
    const { options, node, connection, room } = parts;
    this.node = node;
    this.room = room;
    this.peerId = room.peerId;
    this.#connection = connection;
    // Not before whoever awaits `join` has its listeners in place.
    if (options.holdsEvents !== true) setImmediate(() => this.deliver());
    connection.on('reconnected', () => void this.#resume());
    connection.on('closed', () => this.#finish('lost'));
    this.#watch = new NodeWatch(options.redis, node, () => this.#finish('lost'));
  }

  /** Tells what has happened since the join and goes on telling; for who joined with `holdsEvents`. */
  deliver(): void {
    this.#connection.deliverTo((name, payload) => this.#tell(name, payload));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Asks the sfu. @throws AppError as the sfu answered, `unavailable` while the connection is away, `timeout`. */
  request<R extends SignalingRequest>(name: R, input: SignalingInput<R>): Promise<SignalingOutput<R>> {
    return this.#connection.request(name, input);
  }

  /** Leaves the room for good; `closed` with `left` follows unless it came already. Idempotent. */
  async leave(): Promise<void> {
    if (this.#isClosed) return;
    await this.#connection.request('room.leave', {}).catch(() => undefined);
    this.#finish('left');
  }

  async #resume(): Promise<void> {
    try {
      const room = await this.#connection.request('room.join', {});
      if (room.resumed) this.emit('resumed', room);
      else this.#finish('roomLost');
    } catch {
      this.#finish('lost');
    }
  }

  #tell(name: string, payload: unknown): void {
    switch (name) {
      case 'peer.joined':
        return void this.emit(name, signalingEvents[name].parse(payload));
      case 'peer.left':
        return void this.emit(name, signalingEvents[name].parse(payload));
      case 'producer.added':
        return void this.emit(name, signalingEvents[name].parse(payload));
      case 'producer.changed':
        return void this.emit(name, signalingEvents[name].parse(payload));
      case 'producer.removed':
        return void this.emit(name, signalingEvents[name].parse(payload));
      case 'consumer.closed':
        return void this.emit(name, signalingEvents[name].parse(payload));
      case 'room.audience':
        return void this.emit(name, signalingEvents[name].parse(payload));
      case 'room.closed':
        return this.#finish(signalingEvents[name].parse(payload).reason);
      default:
        // Speakers, levels, layers and network scores are for people; `NodeWatch` looks after the node.
        return;
    }
  }

  #finish(reason: LeaveReason): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#watch.close();
    this.#connection.close();
    this.emit('closed', reason);
  }
}

function tokenOf(options: SfuClientOptions, peerId: string): string {
  const { secret, sessionId, sessionType, role, displayName = role } = options;
  return mintJoinToken(secret, { peerId, sessionId, sessionType, role, userId: null, displayName });
}
