import type { Logger, ViewerBeats } from '@maydan/common';
import type { LeaveReason } from '@maydan/contracts';
import type { Peer } from '../rooms/Peer.ts';
import type { Room } from '../rooms/Room.ts';
import type { Rooms } from '../rooms/Rooms.ts';

export interface PeerViewersOptions {
  readonly rooms: Rooms;
  readonly beats: Pick<ViewerBeats, 'beatPeers' | 'endPeers'>;
  readonly logger: Logger;
}

/** Somebody with all their connections to a room of this node. */
interface Viewer {
  readonly sessionId: string;
  readonly name: string;
  /** With the bytes that had come from them when they were looked at last. */
  readonly peers: Map<Peer, number>;
  /** Of the last heartbeat; null before the first. */
  atMs: number | null;
  /** When they expire, as their last heartbeat was answered; 0 before, and for who doesn't count. */
  expiresAtMs: number;
  /** Somebody else has said since our last heartbeat but one that they are there: another player, or another node. */
  isShared: boolean;
}

const roundMs = 1_000;
/** Between two heartbeats of a viewer: what nobody has heard of yet when this process is killed. */
const beatMs = 10_000;

/**
 * Counts viewers who are connected to this node, for players that send no heartbeats themselves: a WHEP player, or
 * another's mediasoup-client. Only who has a connection from which something still comes counts; who vanished is found out long
 * before mediasoup loses their consent. All heartbeats of a round are one write.
 */
export class PeerViewers {
  readonly #options: PeerViewersOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #viewers = new Map<string, Viewer>();
  readonly #gone: Viewer[] = [];
  #round: Promise<void> | null = null;

  constructor(options: PeerViewersOptions) {
    this.#options = options;
    options.rooms.on('opened', (room) => this.#watch(room));
    this.#timer = setInterval(() => this.#begin(), roundMs);
  }

  /** Once the rooms are closed: who was in them is gone. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#round;
    this.#begin();
    await this.#round;
  }

  #watch(room: Room): void {
    const { sessionId } = room;
    room.on('peerJoined', (peer) => {
      const { viewer: name } = peer.identity;
      if (peer.role !== 'viewer' || name === undefined) return;
      const key = `${sessionId} ${name}`;
      const viewer = this.#viewers.get(key) ?? newViewer(sessionId, name);
      this.#viewers.set(key, viewer);
      viewer.peers.set(peer, -1);
      peer.once('closed', (reason) => this.#left(key, viewer, peer, reason));
    });
  }

  #left(key: string, viewer: Viewer, peer: Peer, reason: LeaveReason): void {
    viewer.peers.delete(peer);
    if (viewer.peers.size > 0) return;
    this.#viewers.delete(key);
    // They are at another node in a moment.
    if (reason === 'roomLost') return;
    this.#gone.push(viewer);
    // All that go with a room go together.
    setImmediate(() => this.#begin());
  }

  #begin(): void {
    this.#round ??= this.#run()
      .catch((error: unknown) => this.#options.logger.warn({ err: error }, 'heartbeats of viewers were lost'))
      .finally(() => {
        this.#round = null;
      });
  }

  async #run(): Promise<void> {
    const nowMs = performance.now();
    const due = [...this.#viewers.values()].filter(({ atMs }) => atMs === null || nowMs - atMs >= beatMs);
    const alive = await Promise.all(due.map(isThere));
    await this.#beat(due.filter((_, nth) => alive[nth] === true));
    // Who vanished may come back: their connection is looked at again.
    const vanished = due.filter(({ atMs }, nth) => alive[nth] !== true && atMs !== null);
    const gone = [...this.#gone.splice(0), ...vanished].filter(({ atMs }) => atMs !== null);
    if (gone.length === 0) return;
    await this.#options.beats.endPeers(
      gone.map(({ sessionId, name, expiresAtMs, isShared }) => ({
        sessionId,
        viewer: name,
        expiresAtMs: isShared ? 0 : expiresAtMs,
      })),
    );
    for (const viewer of vanished) viewer.atMs = null;
  }

  async #beat(all: readonly Viewer[]): Promise<void> {
    const bySession = Map.groupBy(
      all.filter(({ peers }) => peers.size > 0),
      ({ sessionId }) => sessionId,
    );
    if (bySession.size === 0) return;
    const beats = [...bySession].map(([sessionId, viewers]) => ({
      sessionId,
      viewers: viewers.map(({ name }) => name),
    }));
    const atMs = performance.now();
    const answers = await this.#options.beats.beatPeers(beats);
    // In the order in which they were asked about.
    for (const [nth, viewer] of [...bySession.values()].flat().entries()) {
      const { expiresAtMs = null, beforeMs = null } = answers[nth] ?? {};
      viewer.isShared = beforeMs !== null && beforeMs !== viewer.expiresAtMs;
      viewer.expiresAtMs = expiresAtMs ?? 0;
      viewer.atMs = atMs;
    }
  }
}

function newViewer(sessionId: string, name: string): Viewer {
  return { sessionId, name, peers: new Map(), atMs: null, expiresAtMs: 0, isShared: false };
}

/** Whether anything came from them since they were looked at last. */
async function isThere({ peers }: Viewer): Promise<boolean> {
  const looks = await Promise.all(
    [...peers].map(async ([peer, before]) => {
      const heard = await peer.transports.heard();
      if (peers.has(peer)) peers.set(peer, heard ?? -1);
      return heard !== null && heard !== before;
    }),
  );
  return looks.includes(true);
}
