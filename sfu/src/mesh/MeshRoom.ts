import type { Logger } from '@maydan/common';
import type { MeshRoomState } from '@maydan/contracts';
import type { Room } from '../rooms/Room.ts';
import { RoomProducer } from '../rooms/RoomProducer.ts';
import { ConsumerCounts } from './ConsumerCounts.ts';
import type { PipeSettings } from './createPipeEnd.ts';
import { KnownStates } from './KnownStates.ts';
import { mergeStates } from './mergeStates.ts';
import type { Merged } from './mergeStates.ts';
import type { MeshStore } from './MeshStore.ts';
import { OwnState } from './OwnState.ts';
import type { NodeRun } from './OwnState.ts';
import type { PipeClient } from './PipeClient.ts';
import { RemoteProducer } from './RemoteProducer.ts';

export interface MeshRoomOptions {
  readonly room: Room;
  readonly self: NodeRun;
  readonly store: MeshStore;
  readonly client: PipeClient;
  readonly settings: PipeSettings;
  readonly logger: Logger;
}

/** A room of this node and what the other nodes tell of theirs of the same session: shown as if it were one. */
export class MeshRoom {
  readonly room: Room;
  readonly states: KnownStates;
  readonly #options: MeshRoomOptions;
  readonly #own: OwnState;
  readonly #counts: ConsumerCounts;
  readonly #remote = new Map<string, { shown: RoomProducer; origin: RemoteProducer }>();
  readonly #remotePeers = new Set<string>();

  constructor(options: MeshRoomOptions) {
    const { room, self } = options;
    this.#options = options;
    this.room = room;
    this.states = new KnownStates(self.nodeId);
    this.#counts = new ConsumerCounts(room.router);
    this.#own = new OwnState(options);
    // Whoever joins here while being shown as somebody of another node is no longer that.
    room.on('peerJoined', () => this.reconcile());
  }

  /** How many of the others' producers are piped to here. */
  get pipes(): number {
    return [...this.#remote.values()].filter(({ origin }) => origin.isPiped).length;
  }

  /** Tells the others again. Resolves when all is told; never rejects. */
  announce(): Promise<void> {
    return this.#own.announce();
  }

  /** Resolves when all that happened until now is told. */
  told(): Promise<void> {
    return this.#own.told;
  }

  /** Tells the others of a pipe to one of them that was ended here: it may only have stood still. */
  swept(pipeId: string): void {
    this.#own.swept(pipeId);
  }

  hear(state: MeshRoomState): void {
    if (!this.states.hear(state, Date.now())) return;
    this.#closeSwept(state);
    this.reconcile();
  }

  /** Whom the host has muted before this node had the room. */
  takeMutes(): void {
    const { mutes } = this.room;
    for (const { whom, source } of this.states.all.flatMap((state) => state.mutes))
      mutes.set(whom, source, true);
  }

  /** Makes the room show what is known. Those who are gone go first, so that there is space for who comes. */
  reconcile(): void {
    if (this.room.closed) return;
    const merged = mergeStates(this.states.all, this.#own.joinedAtMs, this.#options.self.nodeId);
    for (const peerId of merged.takenOver) this.room.peers.get(peerId)?.close('takenOver');
    // The last one to be taken over has closed the room.
    if (this.room.closed) return;
    for (const [id, { shown }] of this.#remote) if (!merged.producers.has(id)) shown.close();
    this.#showPeers(merged);
    for (const { told, by } of merged.producers.values()) this.#showProducer(told, by);
    this.room.setRemoteAudience(merged.audience);
  }

  /** Nothing comes by these any more; what is still sent there is shown again, and piped anew. */
  #closeSwept({ swept }: MeshRoomState): void {
    for (const { shown, origin } of [...this.#remote.values()])
      if (origin.pipeId !== null && swept.includes(origin.pipeId)) shown.close();
  }

  #showPeers({ peers }: Merged): void {
    for (const peerId of [...this.#remotePeers]) {
      if (peers.has(peerId)) continue;
      this.#remotePeers.delete(peerId);
      this.room.removeRemotePeer(peerId, this.states.reasonOf(peerId));
    }
    for (const [peerId, peer] of peers) {
      this.#remotePeers.add(peerId);
      this.room.addRemotePeer(peer);
    }
  }

  #showProducer(told: MeshRoomState['producers'][number], by: MeshRoomState): void {
    const { ownerPaused: owner, hostPaused: host } = told;
    const known = this.#remote.get(told.producerId);
    if (known === undefined) return this.#addProducer(told, by);
    if (told.size !== null) known.shown.tellSize(told.size);
    known.shown.setPaused({ owner, host }).catch((error: unknown) => {
      // A pipe that was closed meanwhile has nothing to pause.
      this.#options.logger.debug({ err: error }, 'a pause did not reach a pipe');
    });
  }

  #addProducer(told: MeshRoomState['producers'][number], by: MeshRoomState): void {
    const {
      producerId: id,
      peerId,
      kind,
      source,
      codec,
      encodings,
      ownerPaused,
      hostPaused,
      tellsLevel,
    } = told;
    const owner = by.peers.find((peer) => peer.peerId === peerId);
    if (owner === undefined) return;
    const { settings, client, logger, self } = this.#options;
    const { sessionId, router } = this.room;
    const paused = ownerPaused || hostPaused;
    const origin = new RemoteProducer({
      ...{ sessionId, producerId: id, kind, paused, node: by, self },
      ...{ router, counts: this.#counts, client, settings, logger },
    });
    const { nodeId } = by;
    const { userId, displayName, role } = owner;
    const info = { peerId, userId, displayName, role };
    const shown = new RoomProducer({
      ...{
        id,
        owner: info,
        kind,
        source,
        codec,
        encodings,
        tellsLevel,
        ownerPaused,
        hostPaused,
        nodeId,
        origin,
        portRange: this.room.transports.portRange,
      },
    });
    if (told.size !== null) shown.tellSize(told.size);
    this.#remote.set(id, { shown, origin });
    shown.once('closed', () => {
      this.#remote.delete(id);
      origin.close();
    });
    this.room.addProducer(shown);
  }
}
