import { randomUUID } from 'node:crypto';
import { AppError, listSfuNodes } from '@maydan/common';
import type { Logger, Redis } from '@maydan/common';
import { sfuNodeSilentMs, sfuNodeTtlMs } from '@maydan/contracts';
import type { MeshRoomState, PipeInput, PipeOutput, SfuNode } from '@maydan/contracts';
import type { Router } from 'express';
import type { Room } from '../rooms/Room.ts';
import type { PipeSettings } from './createPipeEnd.ts';
import { MeshRoom } from './MeshRoom.ts';
import { MeshStore } from './MeshStore.ts';
import type { Place } from './MeshStore.ts';
import type { NodeRun } from './OwnState.ts';
import { PipeClient } from './PipeClient.ts';
import type { RemoteNode } from './PipeClient.ts';
import { pipeRoutes } from './pipeRoutes.ts';
import { PipeServer } from './PipeServer.ts';
import { Probes } from './Probes.ts';

export interface MeshOptions {
  readonly redis: Redis;
  /** A connection of its own, which this mesh doesn't close. */
  readonly subscriber: Redis;
  readonly nodeId: string;
  readonly internalUrl: string;
  /** INTERNAL_SECRET. */
  readonly secret: string;
  readonly pipes: PipeSettings;
  readonly logger: Logger;
}

const renewMs = sfuNodeTtlMs / 3;
/** How long somebody who joins first waits to hear what other nodes have. */
const prepareTimeoutMs = 1_000;

/**
 * Makes rooms of one session on several nodes one room. Every node tells the others what its own people send, and pipes that
 * to those who ask; no node is more than another, so that any of them may go.
 */
export class Mesh {
  /** The routes under `/internal/rooms`. */
  readonly routes: Router;
  readonly #options: MeshOptions;
  readonly #self: NodeRun;
  readonly #store: MeshStore;
  readonly #client: PipeClient;
  readonly #server: PipeServer;
  readonly #rooms = new Map<string, MeshRoom>();
  readonly #probes: Probes;
  readonly #telling = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #revision = 0;
  #looking: Promise<void> | null = null;
  /** After Redis was away, keys are missing of nodes that are there. */
  #trustedFromMs = 0;

  constructor(options: MeshOptions) {
    this.#options = options;
    const { redis, subscriber, nodeId, internalUrl, secret, pipes, logger } = options;
    this.#self = { nodeId, internalUrl, runId: randomUUID(), nextRevision: () => this.#revision++ };
    const onState = (state: MeshRoomState): void => this.#rooms.get(state.sessionId)?.hear(state);
    this.#store = new MeshStore({ redis, subscriber, nodeId, logger, onState });
    this.#client = new PipeClient({ secret, onRefused: (node) => this.#refused(node) });
    this.#probes = new Probes({ isStill: (node) => this.#client.isStill(node) });
    this.#server = new PipeServer(pipes, logger);
    this.routes = pipeRoutes({
      secret,
      open: (sessionId, input) => this.#openPipe(sessionId, input),
      close: (sessionId, pipeId) => this.#server.close(sessionId, pipeId),
    });
    redis.on('ready', () => this.#distrust());
    this.#timer = setInterval(() => void this.look(), renewMs);
  }

  /** Pipes from other nodes, and to them. */
  get pipes(): { readonly incoming: number; readonly outgoing: number } {
    const incoming = [...this.#rooms.values()].reduce((sum, { pipes }) => sum + pipes, 0);
    return { incoming, outgoing: this.#server.size };
  }

  /** Joins a new room to those of other nodes. Resolves when what they have is shown, or soon after; never rejects. */
  async add(room: Room): Promise<void> {
    const { sessionId } = room;
    const { logger, pipes: settings } = this.#options;
    const own = { room, self: this.#self, store: this.#store, client: this.#client, settings };
    const meshRoom = new MeshRoom({ ...own, logger: logger.child({ sessionId }) });
    this.#rooms.set(sessionId, meshRoom);
    room.once('closed', () => this.#remove(meshRoom));
    const meeting = this.#meet(meshRoom).catch((error: unknown) => {
      logger.warn({ err: error, sessionId }, 'what other nodes have of a room is not known yet');
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, prepareTimeoutMs)));
    await Promise.race([meeting, late]);
    clearTimeout(timer);
  }

  /** Renews what this node tells and looks at what the others do; also done every second. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .catch((error: unknown) => {
        this.#distrust();
        this.#options.logger.debug({ err: error }, 'other nodes can not be seen');
      })
      .finally(() => (this.#looking = null));
    return this.#looking;
  }

  /** Resolves when the others know what happened. Rooms are to be closed before. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
    await Promise.all(this.#telling);
  }

  async #meet(meshRoom: MeshRoom): Promise<void> {
    const { sessionId } = meshRoom.room;
    await this.#store.subscribe(sessionId);
    const told = meshRoom.announce();
    const nodes = await listSfuNodes(this.#options.redis);
    const places = nodes.map(({ nodeId }) => ({ sessionId, nodeId }));
    for (const read of await this.#store.read(places)) if (read !== null) meshRoom.hear(read.state);
    meshRoom.takeMutes();
    await told;
  }

  #remove(meshRoom: MeshRoom): void {
    const { sessionId } = meshRoom.room;
    // The state is withdrawn at this moment.
    const telling = meshRoom.told().finally(() => this.#telling.delete(telling));
    this.#telling.add(telling);
    if (this.#rooms.get(sessionId) !== meshRoom) return;
    this.#rooms.delete(sessionId);
    void this.#store.unsubscribe(sessionId).catch(() => undefined);
  }

  async #look(): Promise<void> {
    const lookedAtMs = Date.now();
    const [gone, nodes] = await Promise.all([
      this.#store.renew([...this.#rooms.keys()]),
      listSfuNodes(this.#options.redis, this.#self.nodeId),
    ]);
    for (const sessionId of gone) void this.#rooms.get(sessionId)?.announce();
    const places = this.#places(nodes);
    const found = await this.#store.read(places);
    for (const [index, { sessionId, nodeId }] of places.entries()) {
      const meshRoom = this.#rooms.get(sessionId);
      const read = found[index];
      if (read) meshRoom?.hear(read.state);
      else if (lookedAtMs >= this.#trustedFromMs) this.#miss(meshRoom, nodeId, lookedAtMs);
    }
    for (const read of found) {
      if (read === null) continue;
      if (read.expiresInMs < sfuNodeTtlMs - sfuNodeSilentMs) this.#probes.ask(read.state);
      else this.#probes.renewed(read.state);
    }
    const known = [...this.#rooms.values()].flatMap(({ states }) => states.all);
    this.#probes.keep(new Set(known.map(({ runId }) => runId)));
    const swept = this.#server.sweep(({ sessionId, nodeId, runId }) => {
      return this.#rooms.get(sessionId)?.states.get(nodeId)?.runId === runId;
    });
    for (const { sessionId, pipeId } of swept) this.#rooms.get(sessionId)?.swept(pipeId);
  }

  /** Where there may be states to read: of nodes that say so, and of those that are known. */
  #places(nodes: readonly SfuNode[]): Place[] {
    return [...this.#rooms.values()].flatMap(({ room: { sessionId }, states }) => {
      const saying = nodes.filter(({ rooms }) => rooms.includes(sessionId)).map(({ nodeId }) => nodeId);
      const known = states.all.map(({ nodeId }) => nodeId);
      return [...new Set([...saying, ...known])].map((nodeId) => ({ sessionId, nodeId }));
    });
  }

  /** A node's key was not there, of which something may be known. */
  #miss(meshRoom: MeshRoom | undefined, nodeId: string, lookedAtMs: number): void {
    const state = meshRoom?.states.get(nodeId);
    if (meshRoom === undefined || state === undefined || this.#probes.holds(state)) return;
    if (meshRoom.states.missing(nodeId, lookedAtMs)) meshRoom.reconcile();
  }

  #refused({ nodeId, runId }: RemoteNode): void {
    this.#options.logger.warn({ nodeId }, 'nobody listens where another node was');
    for (const meshRoom of this.#rooms.values())
      if (meshRoom.states.bury(nodeId, runId)) meshRoom.reconcile();
  }

  async #openPipe(sessionId: string, input: PipeInput): Promise<PipeOutput> {
    const meshRoom = this.#rooms.get(sessionId);
    if (meshRoom === undefined) throw new AppError('not_found');
    return this.#server.open(meshRoom.room, input);
  }

  #distrust(): void {
    this.#trustedFromMs = Date.now() + sfuNodeTtlMs;
  }
}
